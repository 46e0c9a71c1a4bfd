"""Draw the plots of a registered version and keep them on its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.step import run_step, version_parser
from sluss.training.version_plots import plot_version

if TYPE_CHECKING:
    from sluss.context import Context

run = plot_version


def main() -> None:
    """Parse, draw and print."""
    arguments = version_parser(__doc__ or "").parse_args()

    def step(context: Context) -> None:
        plots = run(context, arguments.version)
        print(f"{context.use_case.model} version {plots.version} has on its run in MLflow: {', '.join(plots.files)}.")

    run_step(arguments, step, opens_model=True)


if __name__ == "__main__":
    main()
