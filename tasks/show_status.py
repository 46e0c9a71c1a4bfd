"""Show the status of every use case: what is live, how fresh and how good it is, and what needs a person."""

from __future__ import annotations

import json as json_module
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from sluss.alerting.show import in_words
from sluss.config.settings import load_settings
from sluss.control_room.overview import Overview, overview
from sluss.control_room.status import metric_in_words
from sluss.counted import counted
from sluss.step import main

if TYPE_CHECKING:
    from rich.console import Console

    from sluss.control_room.status import Status

run = overview
_COLOURS = {"critical": "red", "unknown": "magenta", "attention": "yellow", "well": "green", "idle": "dim"}


@click.command()
@click.option("--use-case", default="", help="Only this use case; by default all.")
@click.option("--json", is_flag=True, help="Print it as JSON.")
def command(*, use_case: str, json: bool) -> NoReturn:
    """Show the status of every use case, or of one; exit code 1 if something needs a person."""
    end(use_case, json=json)


def end(use_case: str, *, json: bool) -> NoReturn:
    """Print the status, and end the process."""
    found = run(load_settings(), use_case)
    if json:
        print(json_module.dumps(found.as_json(), indent=2, ensure_ascii=False))
    else:
        show(found)
    sys.exit(0 if found.all_well else 1)


def show(found: Overview) -> None:
    """Print a paragraph for each use case, the worst first."""
    from rich.console import Console

    console = Console(highlight=False)
    console.print(f"[bold]{found.place}[/bold], {found.at:%Y-%m-%d %H:%M:%S} UTC")
    _of_place(console, found)
    for status in found.use_cases:
        _paragraph(console, status)
    busy = sum(status.level not in {"well", "idle"} for status in found.use_cases)
    if not found.use_cases:
        console.print("There is no use case yet. Make one of your table: make new NAME=… DATA=… TARGET=…")
    elif busy:
        console.print(f"\n{counted(busy, 'use case', 'needs', 'need')} a person.")
    elif found.all_well:
        console.print("\nAll is well.")
    elif not (found.faults or found.room.warning or found.backup_warning):
        console.print("\nNothing is live yet. See it all on real data: make demo")


def _of_place(console: Console, found: Overview) -> None:
    """Print the faults of stores, the disk's and the backups' warnings, or the age of the newest backup."""
    from rich.markup import escape

    for fault in found.faults:
        console.print(f"[red]●[/red] {escape(fault)}", soft_wrap=True)
    if found.room.warning:
        console.print(f"[red]●[/red] {found.room.warning}", soft_wrap=True)
    if found.backup_warning:
        console.print(f"[yellow]●[/yellow] {found.backup_warning}", soft_wrap=True)
    elif found.backups.newest:
        console.print(f"[dim]The newest backup is {in_words(found.at - found.backups.newest)} old.[/dim]")


def _paragraph(console: Console, status: Status) -> None:
    from rich.markup import escape

    colour, entry = _COLOURS[status.level], status.entry
    console.print(f"\n[{colour}]●[/{colour}] [bold]{escape(status.title)}[/bold] ({status.name}): {status.level}")
    facts = {}
    if entry:
        live = f"version {entry.version}" if entry.version else "none"
        facts["champion"] = f"{live} since {entry.at:%Y-%m-%d %H:%M} UTC, by {entry.by}"
        facts["why"] = f"{entry.action}: {entry.reason}"
    if status.refused and entry:
        facts["refused"] = f"{status.refused}; see why: {status.refused.command}"
    if status.freshness:
        facts["data"] = status.freshness.words
        facts["quality"] = metric_in_words(status.measured)
        owned = [f"{line.life.type} ({line.life.severity}, {line.age}, {line.life.owner or 'no owner'})"
                 for line in status.alerts]  # fmt: skip
        facts["alerts"] = "; ".join(owned) or "none open"
    for name, text in facts.items():
        console.print(f"  {name:9} {escape(text)}", soft_wrap=True)
    for sentence in status.waiting:
        console.print(f"  [{colour}]waiting[/{colour}]   {escape(sentence)}", soft_wrap=True)
    if status.next:
        console.print(f"  next      {escape(status.next)}", soft_wrap=True)


if __name__ == "__main__":
    main(command, name="show_status")
