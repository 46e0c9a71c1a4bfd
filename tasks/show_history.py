"""Show every change of production with its time, author and reason, and verify the ledger."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sluss.counted import counted
from sluss.deployment.history import History, as_json, history
from sluss.step import main, step_command

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase
    from sluss.context import Context

run = history


@step_command()
@click.option("--json", is_flag=True, help="Print the entries as JSON.")
def command(context: Context, *, json: bool) -> None:
    """Show every change of production with its time, author and reason; exit code 1 if the ledger is damaged."""
    history = run(context)
    if json:
        print(as_json(history))
    else:
        show(context.use_case, history)
    sys.exit(1 if history.problems else 0)


def show(use_case: UseCase, history: History) -> None:
    """Print the entries as a table, and the faults of the chain below it."""
    if not history.entries and not history.problems:
        print(
            f"No model of {use_case.title} was ever in production. Train and deploy one: "
            f"make train deploy USE_CASE={use_case.name}."
        )
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("", "version", "from (UTC)", "to (UTC)", "by", "why", "gates", title_justify="left")
    table.title = f"What was in production of {use_case.title}"
    starts = [f"{entry.at:%Y-%m-%d %H:%M:%S}" for entry in history.entries]
    for entry, start, until in zip(history.entries, starts, [*starts[1:], "now"], strict=False):
        why = f"{entry.action}: {entry.reason}"
        table.add_row(str(entry.number), entry.version or "none", start, until, entry.by, why, entry.passed)
    console = Console()
    console.print(table)
    for problem in history.problems:
        console.print(f"[red]{problem}")
    if not history.problems:
        console.print(
            f"{counted(len(history.entries), 'entry')}; every one is as it was written, and the aliases agree."
        )


if __name__ == "__main__":
    main(command)
