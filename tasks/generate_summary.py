"""Tell a person in one page what an interval brought, from the monitor's table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.reporting.interval_summary import summarise_interval
from sluss.step import chosen_interval, interval_parser, run_step

if TYPE_CHECKING:
    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase

run = summarise_interval


def main() -> None:
    """Parse, summarise and print."""
    arguments = interval_parser(__doc__ or "").parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        print(run(settings, use_case, chosen_interval(arguments, use_case)).text)

    run_step(arguments, step)


if __name__ == "__main__":
    main()
