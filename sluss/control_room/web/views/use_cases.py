"""The content of the page of all use cases: a line each, the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluss.control_room.status import metric_of
from sluss.control_room.web.charts import sparkline

if TYPE_CHECKING:
    from datetime import datetime

    from sluss.control_room.known import Known, Seen
    from sluss.control_room.status import Status

_POINTS = 60  # of a sparkline


@dataclass(frozen=True)
class Line:
    """One use case."""

    status: Status
    seen: Seen
    metric: dict[str, Any] | None
    spark: str
    scored_at: datetime | None


def content(state: Known, now: datetime) -> dict[str, Any]:
    """Return the lines, and how many use cases need a person."""
    by_name = {seen.name: seen for seen in state.all()}
    lines = [_line(status, by_name[status.name]) for status in state.statuses(now) if status.name in by_name]
    levels = [line.status.level for line in lines]
    return {"lines": lines, "busy": sum(level not in {"well", "idle"} for level in levels), "live": "well" in levels}


def _line(status: Status, seen: Seen) -> Line:
    days = seen.days[-_POINTS:]
    values = [day.quality.value if day.quality else None for day in days]
    promise = next((day.promise.value for day in reversed(days) if day.promise), None)
    scored_at = max((each.scored_at for each in seen.volumes if each.scored_at), default=None)
    return Line(status, seen, metric_of(status.measured), sparkline(values, promise), scored_at)
