"""Load an interval's new rows and labels into the warehouse; a demo use case replays a real data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.sources.generate import generate
from sluss.step import chosen_interval, main, span_options, step_command

if TYPE_CHECKING:
    from sluss.context import Context

run = generate


@step_command()
@span_options
def command(context: Context, interval: str | None, *, history: bool) -> None:
    """Load new rows and labels into the warehouse."""
    span = chosen_interval(context, interval, history=history)
    brought = run(context, span)
    print(f"{span}: the warehouse has {counted(brought.rows, 'row')} and {counted(brought.labels, 'label')}.")


if __name__ == "__main__":
    main(command)
