"""The rows of the history that the monitor will be able to count on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.monitoring.watchable import WatchableRows
from sluss.new.days import sides

if TYPE_CHECKING:
    from sluss.new.look import Look
    from sluss.profiling.whole_table import WholeTable


def expected_rows(table: WholeTable, look: Look) -> WatchableRows:
    """Count the labelled rows of the history, and those of its largest interval, without rows that will not be kept."""
    learn, judge = sides(look)
    label = look.profile.columns[look.target.column].sql
    start = f"date_trunc('{look.span.unit}', {look.time.sql})" if look.span and look.time else "NULL"
    counts = table.ask(
        f"SELECT count(*), count({label}) FROM data WHERE ({learn}) OR ({judge}) GROUP BY {start}"  # noqa: S608 - quoted
    )
    kept = (1 - look.bad_share) * (1 - look.merged_rows / look.profile.rows)
    return WatchableRows(
        int(max((rows for rows, _ in counts), default=0) * kept), int(sum(labelled for _, labelled in counts) * kept)
    )
