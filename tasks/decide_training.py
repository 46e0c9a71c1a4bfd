"""Decide whether a new model is worth training, from what was known at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.interval import parse_interval
from sluss.step import parser, run_step
from sluss.training.decision import decide_training

if TYPE_CHECKING:
    from sluss.context import Context

run = decide_training


def main() -> None:
    """Parse, decide and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--until", help="judge as of the end of this interval, e.g. 2026-01-05")
    given = arguments.parse_args()

    def step(context: Context) -> None:
        until = parse_interval(given.until, context.use_case.unit).end if given.until else None
        decision = run(context, until)
        print(f"{'Train' if decision.train else 'Wait'}: {decision.reason}")

    run_step(given, step)


if __name__ == "__main__":
    main()
