"""Draw the plots of a registered version and keep them on its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.step import main, step_command, version_option
from sluss.training.version_plots import plot_version

if TYPE_CHECKING:
    from sluss.context import Context

run = plot_version


@step_command(opens_model=True)
@version_option()
def command(context: Context, version: str | None) -> None:
    """Draw the plots of a registered version and keep them on its run."""
    plots = run(context, version)
    print(f"{context.use_case.model} version {plots.version} has on its run in MLflow: {', '.join(plots.files)}.")


if __name__ == "__main__":
    main(command)
