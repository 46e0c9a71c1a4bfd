"""Run the gates on a registered version and keep what they said on its run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sluss.gates.validate import Validation, validate
from sluss.step import run_step, version_parser

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase
    from sluss.context import Context

run = validate


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


def main() -> None:
    """Parse, validate and print; exit code 1 when a gate refuses."""
    given = version_parser(__doc__ or "").parse_args()

    def step(context: Context) -> None:
        validation = run(context, given.version)
        show(context.use_case, validation)
        sys.exit(1 if validation.refusals else 0)

    run_step(given, step, opens_model=True)


if __name__ == "__main__":
    main()
