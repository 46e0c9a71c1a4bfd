"""Make the mistakes of the fault catalogue in a copy of a use case's stores, and show which lock refuses which."""

from __future__ import annotations

import json as json_text
import os
import sys
from typing import TYPE_CHECKING

import click

from sluss.counted import counted
from sluss.drill.drill import chosen, drill, nightly
from sluss.step import main, step_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.context import Context
    from sluss.drill.mistake import Result

run = drill
__all__ = ["command", "nightly", "run"]
_MOST = 2  # processes: each holds a copy of the stores, and the packages, in memory


@step_command(opens_model=True)
@click.option("--kind", help="Only this kind of mistakes, or several, with commas between them.")
@click.option("--name", help="Only the mistake of this name.")
@click.option("--json", is_flag=True, help="Print the results as JSON.")
@click.option("--jobs", type=click.IntRange(1), help="Processes at once; by default one for each core, two at most.")
def command(context: Context, *, kind: str | None, name: str | None, json: bool, jobs: int | None) -> None:
    """Make mistakes on purpose, in a copy of the stores, and show which lock refuses which; exit code 1 if one stays
    silent."""
    kinds = [each.strip() for each in kind.split(",")] if kind else []
    wanted = chosen(kinds, [name] if name else [])
    results = _with_progress(context, kinds, [name] if name else [], min(jobs or _cores(), len(wanted)))
    if json:
        tried = [each.as_dict() for each in results if each.state == "tried"]
        print(json_text.dumps(tried, indent=2, ensure_ascii=False))
    else:
        _show(results)
    for each in results if json else ():
        if each.state != "tried":
            print(f"{each.name}: {each.state}. {each.sentence}", file=sys.stderr)
    sys.exit(1 if any(each.silent for each in results) else 0)


def _cores() -> int:
    return min(_MOST, os.cpu_count() or 1)


def _with_progress(context: Context, kinds: list[str], names: list[str], jobs: int) -> list[Result]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("Making mistakes", total=len(chosen(kinds, names)))

        def tell(result: Result) -> None:
            progress.update(task, advance=1, description=result.name[:40])

        return run(context, kinds, names, jobs=jobs, tell=tell)


def _show(results: Sequence[Result]) -> None:
    """Print the results as tables: tried, and left out with the reasons."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("kind", "mistake", "lock", "refused by", "sentence")
    for each in results:
        if each.state == "tried":
            mark = f"[red]{each.refused_by or 'nothing'}" if each.silent or each.elsewhere else each.refused_by
            table.add_row(each.kind, each.name, each.expected, mark, each.sentence)
    console.print(table)
    left = Table("kind", "mistake", "", "why")
    for each in results:
        if each.state != "tried":
            left.add_row(each.kind, each.name, each.state, each.sentence)
    if left.row_count:
        console.print(left)
    console.print(summary(results))


def summary(results: Sequence[Result]) -> str:
    """The counts in a sentence."""
    tried = [each for each in results if each.state == "tried"]
    right = sum(each.refused and not each.elsewhere for each in tried)
    elsewhere, silent = sum(each.elsewhere for each in tried), [each for each in tried if each.silent]
    named = f" Silent locks: {', '.join(sorted({each.expected for each in silent}))}." if silent else ""
    return (
        f"{counted(len(tried), 'mistake')}: {right} refused by the lock that is there for it, {elsewhere} by another, "
        f"{len(silent)} not at all.{named}"
    )


if __name__ == "__main__":
    main(command)
