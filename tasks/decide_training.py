"""Decide whether a new model is worth training, from what was known at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.interval import parse_interval
from sluss.step import parser, run_step
from sluss.training.decision import decide_training

if TYPE_CHECKING:
    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase

run = decide_training


def main() -> None:
    """Parse, decide and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--until", help="judge as of the end of this interval, e.g. 2026-01-05")
    given = arguments.parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        until = parse_interval(given.until, use_case.unit).end if given.until else None
        decision = run(settings, use_case, until)
        print(f"{'Train' if decision.train else 'Wait'}: {decision.reason}")

    run_step(given, step)


if __name__ == "__main__":
    main()
