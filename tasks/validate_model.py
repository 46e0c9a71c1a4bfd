"""Run the gates on a registered version and record their verdicts on its run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sluss.gates.validate import Validation, validate
from sluss.step import main, step_command, version_option

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase
    from sluss.context import Context

run = validate


@step_command(opens_model=True)
@version_option()
def command(context: Context, version: str | None) -> None:
    """Run the gates on a registered version; exit code 1 if one of them refuses it."""
    validation = run(context, version)
    show(context.use_case, validation)
    sys.exit(1 if validation.refusals else 0)


def show(use_case: UseCase, validation: Validation) -> None:
    """Print the gates as a table."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        "gate", "verdict", "why", title=f"Gates of {use_case.model} version {validation.version}", title_justify="left"
    )
    for result in validation.results:
        table.add_row(result.gate, f"[{'green' if result.passed else 'red'}]{result.verdict}", escape(result.sentence))
    Console().print(table)


if __name__ == "__main__":
    main(command)
