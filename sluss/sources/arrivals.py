"""Which file arrived in which interval, where the rows themselves have no time. Kept in the lake, in `arrivals`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sluss.interval import Interval, partitions
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sluss.context import Context

_TABLE = "arrivals"
_T = TypeVar("_T")


def arrived_in(context: Context, interval: Interval, files: Mapping[str, _T]) -> dict[str, _T]:
    """The files that no other interval has brought."""
    first, end = partitions(interval, context.use_case.unit)
    table = context.lake.dataset(_TABLE)
    rows = [] if table is None else table.to_table([INTERVAL, "file"]).to_pylist()
    elsewhere = {row["file"] for row in rows if not first <= row[INTERVAL] < end}
    return {name: file for name, file in files.items() if name not in elsewhere}


def note_arrivals(context: Context, interval: Interval, files: Sequence[str]) -> None:
    """Note that these files arrive in the interval."""
    import pyarrow as pa

    first, end = partitions(interval, context.use_case.unit)
    last = context.use_case.unit.before(interval.end)
    name = partitions(Interval(last, interval.end), context.use_case.unit)[0]
    noted = pa.table({INTERVAL: pa.repeat(name, len(files)), "file": pa.array(files, pa.string())})
    context.lake.replace(_TABLE, noted, first, end)
