"""Load and curate an interval's rows where the lake does not have them yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.curation.bring import bring
from sluss.step import chosen_interval, interval_option, main, step_command

if TYPE_CHECKING:
    from sluss.context import Context

run = bring


@step_command()
@interval_option
def command(context: Context, interval: str) -> None:
    """Load and curate an interval's rows where the lake does not have them yet."""
    span = chosen_interval(context, interval)
    done = run(context, span)
    if done is not None:
        bad = done.bad_rows + done.bad_labels
        print(f"{span}: brought {counted(done.rows, 'row')} and {counted(done.labels, 'label')}, {bad} in quarantine.")


if __name__ == "__main__":
    main(command)
