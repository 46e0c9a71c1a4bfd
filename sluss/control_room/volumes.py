"""Rows of each interval by table, from the logs of the Delta tables: no file is opened."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluss.monitoring.tables import CURATED, LABELS, PREDICTIONS
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from sluss.storage.lake import Lake

QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Volume:
    """Rows of one interval. Labels count in the interval in which they arrived."""

    interval: str
    curated: int = 0
    labels: int = 0
    predictions: int = 0
    quarantine: int = 0
    scored_at: datetime | None = None  # when its predictions were written last


def read_volumes(lake: Lake) -> list[Volume]:
    """Return the rows of every interval that any of the tables has, in order.

    Raises:
        ServiceError: the lake does not answer.
    """
    counted = {name: _rows(lake, name) for name in (CURATED, LABELS, PREDICTIONS, QUARANTINE)}
    intervals = sorted(set().union(*counted.values()))
    names = [field.name for field in fields(Volume) if field.name in counted]
    return [
        Volume(
            interval,
            **{name: counted[name].get(interval, (0, 0))[0] for name in names},
            scored_at=_moment(counted[PREDICTIONS].get(interval)),
        )
        for interval in intervals
    ]


def _rows(lake: Lake, name: str) -> dict[str, tuple[int, int]]:
    """Return the rows of each interval, and the time of its newest file in milliseconds."""
    import pyarrow as pa

    table = lake.table(name)
    if table is None:
        return {}
    log = pa.table(table.get_add_actions(flatten=True))
    columns = (log[each].to_pylist() for each in (f"partition.{INTERVAL}", "num_records", "modification_time"))
    found: dict[str, tuple[int, int]] = {}
    for interval, rows, stamp in zip(*columns, strict=True):
        before = found.get(interval, (0, 0))
        found[interval] = before[0] + (rows or 0), max(before[1], stamp)
    return found


def _moment(rows: tuple[int, int] | None) -> datetime | None:
    return datetime.fromtimestamp(rows[1] / 1000, UTC) if rows else None
