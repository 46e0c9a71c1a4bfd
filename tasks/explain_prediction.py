"""Print one prediction's receipt: its upstream, the row as known then, and the score computed again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sluss.counted import counted
from sluss.lineage.receipt import Receipt, as_json, explain
from sluss.reporting.lineage_tree import show as show_lineage
from sluss.step import main, step_command

if TYPE_CHECKING:
    from sluss.context import Context

run = explain


@step_command(opens_model=True)
@click.option("--id", "row_id", required=True, help="Id of the row.")
@click.option("--interval", help="Its prediction in this interval, for example 2026-01-05; by default the newest.")
@click.option("--json", is_flag=True, help="Print the receipt as JSON.")
def command(context: Context, row_id: str, interval: str | None, *, json: bool) -> None:
    """Show one prediction's receipt, and score its row again; exit code 1 if the score differs."""
    receipt = run(context, row_id, interval)
    print(as_json(receipt)) if json else show(receipt)
    sys.exit(0 if receipt.again.reproduced else 1)


def show(receipt: Receipt) -> None:
    """Print the prediction's upstream, the row's values, and the score computed again."""
    from rich.console import Console
    from rich.markup import escape

    shown = receipt.made_by.nodes[f"row {receipt.prediction['id']}"].facts
    for name, value in (receipt.row or {}).items():
        shown[f"{name} (feature)" if name in receipt.features else name] = str(value)
    if receipt.corrections:
        shown["corrected since"] = f"{counted(receipt.corrections, 'time')}, after the interval's end: not used"
    show_lineage(receipt.made_by)
    verdict = f"[{'green' if receipt.again.reproduced else 'red'}]{escape(str(receipt.again))}"
    Console(highlight=False).print(verdict, soft_wrap=True)


if __name__ == "__main__":
    main(command)
