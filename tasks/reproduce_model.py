"""Train a registered version again from what its run recorded, register nothing, and compare."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sluss.step import main, step_command, version_option
from sluss.training.reproduction import Reproduction, reproduce

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase
    from sluss.context import Context

run = reproduce

_MARK = 12


@step_command(opens_model=True)
@version_option()
def command(context: Context, version: str | None) -> None:
    """Train a version again from what its run recorded, and register nothing; exit code 1 if the model differs."""
    result = run(context, version)
    _print(context.use_case, result)
    sys.exit(0 if result.same else 1)


def _print(use_case: UseCase, result: Reproduction) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("digest of", "recorded", "now", "", title_justify="left")
    table.title = f"{use_case.model} version {result.version}, trained again"
    for name, (then, now) in {"training rows": result.data, "fitted pipeline": result.pipeline}.items():
        table.add_row(name, then[:_MARK], now[:_MARK], "[green]same" if then == now else "[red]differs")
    console = Console()
    console.print(table)
    console.print("Reproduced: the same rows gave the same model." if result.same else "Not reproduced.")
    for sentence in result.differences:
        console.print(f"  {sentence}", markup=False, highlight=False)


if __name__ == "__main__":
    main(command)
