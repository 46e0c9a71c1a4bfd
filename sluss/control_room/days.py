"""The monitored intervals in brief: the part that pages over many of them show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.monitoring.tables import MONITORING, read_monitored
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from sluss.monitoring.alerts import Alert
    from sluss.monitoring.tables import Monitored
    from sluss.statistics.figures import Drift, Estimate, Expected
    from sluss.storage.lake import Lake


@dataclass(frozen=True, slots=True)
class Day:
    """One monitored interval."""

    interval: str
    version: str
    run_id: str
    rows: int
    drift: Drift | None  # the largest
    quality: Estimate | None  # on the newest labels known at the interval's end
    judged: tuple[str, ...]  # the intervals that those labels belong to
    promise: Estimate | None
    expected: Expected | None
    alerts: tuple[Alert, ...]


def brief(monitored: Monitored) -> Day:
    """Return the part of an interval's row that pages over many of them show."""
    seen = monitored.summary
    return Day(
        interval=seen.interval,
        version=seen.model_version,
        run_id=seen.run_id,
        rows=seen.rows,
        drift=max(seen.drift, key=lambda each: each.distance, default=None),
        quality=seen.quality,
        judged=seen.quality_intervals,
        promise=seen.promise,
        expected=seen.expected,
        alerts=monitored.alerts,
    )


class Days:
    """The intervals of a use case. Of those that were read before, only the rewritten ones are read again."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}  # by interval
        self._days: dict[str, Day] = {}

    def read(self, lake: Lake) -> list[Day]:
        """Return every monitored interval, in order.

        Raises:
            ServiceError: the lake does not answer.
        """
        files = _files(lake)
        changed = sorted(name for name, path in files.items() if self._files.get(name) != path)
        if changed:
            fresh = [brief(each) for each in read_monitored(lake, first=changed[0], last=changed[-1])]
            self._days |= {day.interval: day for day in fresh}
        self._days = {name: self._days[name] for name in sorted(files) if name in self._days}
        self._files = files
        return list(self._days.values())


def _files(lake: Lake) -> dict[str, str]:
    """Return the file of each interval, which is another one once the interval is monitored again."""
    import pyarrow as pa

    table = lake.table(MONITORING)
    if table is None:
        return {}
    log = pa.table(table.get_add_actions(flatten=True)).select([f"partition.{INTERVAL}", "path"])
    return dict(zip(*(column.to_pylist() for column in log.columns), strict=True))
