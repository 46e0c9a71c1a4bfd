"""Score an interval's curated rows with the champion, in constant memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.scoring.score_interval import score_interval
from sluss.step import chosen_interval, interval_option, main, step_command

if TYPE_CHECKING:
    from sluss.context import Context

run = score_interval


@step_command(opens_model=True)
@interval_option
def command(context: Context, interval: str) -> None:
    """Score an interval's curated rows with the champion, in constant memory."""
    span = chosen_interval(context, interval)
    scored = run(context, span)
    print(f"{counted(scored.rows, 'row')} of {span} scored by {context.use_case.model} version {scored.version}.")


if __name__ == "__main__":
    main(command)
