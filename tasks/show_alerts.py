"""Show the alerts, the open ones first, with age, owner, and the sentences of today and of the first day."""

from __future__ import annotations

import json as json_module
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from sluss.alerting.show import Listing, as_dict, list_alerts, status_in_words
from sluss.counted import counted
from sluss.step import main, step_command

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase
    from sluss.context import Context

run = list_alerts


@step_command()
@click.option("--all", "everything", is_flag=True, help="Also those that have ended.")
@click.option("--json", is_flag=True, help="Print alerts and their whole history as JSON.")
def command(context: Context, *, everything: bool, json: bool) -> None:
    """Show the alerts, the open ones first, with age, owner, and the sentences of today and of the first day."""
    listing = run(context, everything=everything)
    if json:
        print(json_module.dumps(as_dict(listing, datetime.now(UTC)), indent=2, ensure_ascii=False))
    else:
        show(context.use_case, listing)


def show(use_case: UseCase, listing: Listing) -> None:
    """Print a table, and below it the sentences of each alert."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console, now = Console(), datetime.now(UTC)
    table = Table("alert", "type", "severity", "since", "age", "owner", "state", title_justify="left")
    table.title = f"Alerts of {escape(use_case.title)}"
    for line in listing.lines:
        life = line.life
        state = status_in_words(life, now)
        table.add_row(
            life.id, life.type, life.severity, life.since, line.age, escape(life.owner or "none"), escape(state)
        )
    if listing.lines:
        console.print(table)
    for line in listing.lines:
        life = line.life
        console.print(f"[bold]{life.id}[/bold] {life.interval}: {escape(life.message)}")
        if life.first != life.message:
            console.print(f"       {life.since}, the first: {escape(life.first)}")
    for problem in listing.problems:
        console.print(f"[red]{escape(problem)}")
    number = sum(line.life.is_open for line in listing.lines)
    console.print(f"{counted(number, 'open alert')}." if number else "No alert is open.")


if __name__ == "__main__":
    main(command)
