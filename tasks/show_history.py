"""Show the ledger: which version was in production from when to when, by whom, why; and check that it is whole."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sluss.deployment.history import History, _ends, as_json, history
from sluss.step import parser, run_step

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase
    from sluss.context import Context

run = history


def show(use_case: UseCase, history: History) -> None:
    """Print the entries as a table, and below it whether the chain is whole."""
    from rich.console import Console
    from rich.table import Table

    table = Table("", "version", "from (UTC)", "to (UTC)", "by", "why", "gates", title_justify="left")
    table.title = f"What was in production of {use_case.title}"
    for entry, until in zip(history.entries, [*_ends(history.entries), "now"], strict=False):
        start = f"{entry.at:%Y-%m-%d %H:%M:%S}"
        why = f"{entry.action}: {entry.reason}"
        table.add_row(str(entry.number), entry.version or "none", start, until, entry.by, why, entry.passed)
    console = Console()
    console.print(table)
    for problem in history.problems:
        console.print(f"[red]{problem}")
    if not history.problems:
        console.print(f"{len(history.entries)} entries; every one is as it was written, and the aliases agree.")


def main() -> None:
    """Parse and print; exit code 1 when an entry was changed or the aliases disagree."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--json", action="store_true", help="print the entries as JSON")
    given = arguments.parse_args()

    def step(context: Context) -> None:
        history = run(context)
        if given.json:
            print(as_json(history))
        else:
            show(context.use_case, history)
        sys.exit(1 if history.problems else 0)

    run_step(given, step)


if __name__ == "__main__":
    main()
