"""Delete predictions, runs and files past their retention. Models, and the data they were trained on, are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.monitoring.retention import clean_up
from sluss.step import chosen_interval, interval_option, main, step_command

if TYPE_CHECKING:
    from sluss.context import Context

run = clean_up


@step_command()
@interval_option
def command(context: Context, interval: str) -> None:
    """Delete predictions, runs and files past their retention. Models, and the data they were trained on, are kept."""
    done = run(context, chosen_interval(context, interval))
    print(
        f"Deleted {counted(done.partitions, 'partition')} of predictions, {counted(done.runs, 'monitoring run')}, "
        f"{counted(done.files, 'file')}. Ended {counted(done.ended, 'run')} whose process had died."
    )


if __name__ == "__main__":
    main(command)
