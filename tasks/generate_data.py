"""Bring an interval's new rows and labels into the warehouse; a demo use case plays a real data set back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.sources.generate import generate
from sluss.step import chosen_interval, interval_parser, run_step

if TYPE_CHECKING:
    from sluss.context import Context

run = generate


def main() -> None:
    """Read the arguments, run the step, say what it brought."""
    arguments = interval_parser("Bring new rows and labels into the warehouse.", history=True).parse_args()

    def step(context: Context) -> None:
        interval = chosen_interval(arguments, context.use_case)
        brought = run(context, interval)
        print(f"{interval}: {brought.rows} rows and {brought.labels} labels are in the warehouse.")

    run_step(arguments, step)


if __name__ == "__main__":
    main()
