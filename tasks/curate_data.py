"""Curate an interval's rows and labels into the lake; rows that violate the schema go to quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.curation.curate import curate
from sluss.curation.late import curate_late
from sluss.step import chosen_interval, main, span_options, step_command

if TYPE_CHECKING:
    from sluss.context import Context

__all__ = ["command", "late", "run"]

run = curate
late = curate_late


@step_command()
@span_options
def command(context: Context, interval: str | None, *, history: bool) -> None:
    """Check new rows and write them to the lake; rows that violate the schema go to quarantine."""
    span = chosen_interval(context, interval, history=history)
    done = run(context, span)
    print(
        f"{span}: {counted(done.rows, 'good row')} (curated, version {done.version}), {counted(done.labels, 'label')}, "
        f"{done.bad_rows + done.bad_labels} in quarantine."
    )
    if (again := late(context, span)).rows:
        print(f"Late: {counted(again.rows, 'row')} of earlier intervals, which are curated again.")
    if done.repeated_ids:
        print(f"Seen in an earlier interval: the ids of {counted(done.repeated_ids, 'row')} (curation.repeated_ids).")
    if done.empty_columns:
        print(f"No row has a value in {', '.join(done.empty_columns)}: a model cannot learn from it. Leave it out.")


if __name__ == "__main__":
    main(command)
