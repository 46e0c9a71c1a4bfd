"""Bring an interval's new rows and labels into the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from sluss.context import Context
    from sluss.interval import Interval

ROW_COLUMNS = ["id", "event_time", "arrived_at", "source", "text"]
LABEL_COLUMNS = ["id", "label", "label_time"]


@dataclass(frozen=True)
class GeneratedData:
    """How much reached the warehouse."""

    rows: int
    labels: int


def generate(context: Context, interval: Interval) -> GeneratedData:
    """Replace the rows that arrive in the interval, and the labels that become known in it, in one transaction.

    What arrived later, such as a correction, stays.

    Raises:
        ConfigError: the replay in the config cannot be played.
        DataError: the interval has no rows, or the data set is damaged or cannot be fetched.
        ServiceError: the warehouse does not answer.
    """
    from sluss.sources.replay import days_with_rows, load_replay

    use_case = context.use_case
    replay = load_replay(context.settings, use_case.source)
    rows = _within(replay, "arrived_at", interval).select(ROW_COLUMNS)
    labels = _within(replay, "label_time", interval).select(LABEL_COLUMNS)
    if rows.num_rows == 0:
        raise DataError(
            f"The use case {use_case.name} has no rows for {interval}. "
            f"Choose an interval within {days_with_rows(use_case.source)}, or lengthen source.phases in its config."
        )
    with context.warehouse() as warehouse:
        warehouse.replace(f"{use_case.name}_rows", rows, "arrived_at", interval)
        warehouse.replace(f"{use_case.name}_labels", labels, "label_time", interval)
    return GeneratedData(rows.num_rows, labels.num_rows)


def _within(table: pa.Table, column: str, interval: Interval) -> pa.Table:
    import pyarrow.compute as pc

    times = table[column]
    return table.filter(pc.and_(pc.greater_equal(times, interval.start), pc.less(times, interval.end)))
