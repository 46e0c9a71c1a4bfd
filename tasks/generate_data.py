"""Bring an interval's new rows and labels into the warehouse; a demo use case plays a real data set back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.sources.generate import generate
from sluss.step import chosen_interval, interval_parser, run_step

if TYPE_CHECKING:
    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase

run = generate


def main() -> None:
    """Read the arguments, run the step, say what it brought."""
    arguments = interval_parser("Bring new rows and labels into the warehouse.", history=True).parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        interval = chosen_interval(arguments, use_case)
        brought = run(settings, use_case, interval)
        print(f"{interval}: {brought.rows} rows and {brought.labels} labels are in the warehouse.")

    run_step(arguments, step)


if __name__ == "__main__":
    main()
