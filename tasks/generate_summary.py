"""Summarise an interval on one page, from the monitor's table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.reporting.interval_summary import summarise_interval
from sluss.step import chosen_interval, interval_option, main, step_command

if TYPE_CHECKING:
    from sluss.context import Context

run = summarise_interval


@step_command()
@interval_option
def command(context: Context, interval: str) -> None:
    """Summarise an interval on one page, from the monitor's table."""
    print(run(context, chosen_interval(context, interval)).text)


if __name__ == "__main__":
    main(command)
