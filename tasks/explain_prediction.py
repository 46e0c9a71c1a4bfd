"""Print one prediction's receipt: what made it, the row as known then, and whether the score comes out again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sluss.lineage.receipt import Receipt, as_json, explain
from sluss.reporting.lineage_tree import show as show_lineage
from sluss.step import parser, run_step

if TYPE_CHECKING:
    from sluss.context import Context
run = explain


def show(receipt: Receipt) -> None:
    """Print what made the prediction, with the row's values, and whether the score comes out again."""
    from rich.console import Console
    from rich.markup import escape

    shown = receipt.made_by.nodes[f"row {receipt.prediction['id']}"].facts
    for name, value in (receipt.row or {}).items():
        shown[f"{name} (feature)" if name in receipt.features else name] = str(value)
    if receipt.corrections:
        shown["corrected since"] = f"{receipt.corrections} times, after the interval's end: not used"
    show_lineage(receipt.made_by)
    verdict = f"[{'green' if receipt.again.reproduced else 'red'}]{escape(str(receipt.again))}"
    Console(highlight=False).print(verdict, soft_wrap=True)


def main() -> None:
    """Parse, explain and print; exit code 1 when the score does not come out again."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--id", required=True, help="id of the row")
    arguments.add_argument("--interval", help="the prediction of this interval, e.g. 2026-01-05; by default the newest")
    arguments.add_argument("--json", action="store_true", help="print the receipt as JSON")
    given = arguments.parse_args()

    def step(context: Context) -> None:
        receipt = run(context, given.id, given.interval)
        print(as_json(receipt)) if given.json else show(receipt)
        sys.exit(0 if receipt.again.reproduced else 1)

    run_step(given, step, opens_model=True)


if __name__ == "__main__":
    main()
