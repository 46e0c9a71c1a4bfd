"""Tell a person in one page what an interval brought, from the monitor's table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.reporting.interval_summary import summarise_interval
from sluss.step import chosen_interval, interval_parser, run_step

if TYPE_CHECKING:
    from sluss.context import Context

run = summarise_interval


def main() -> None:
    """Parse, summarise and print."""
    arguments = interval_parser(__doc__ or "").parse_args()

    def step(context: Context) -> None:
        print(run(context, chosen_interval(arguments, context.use_case)).text)

    run_step(arguments, step)


if __name__ == "__main__":
    main()
