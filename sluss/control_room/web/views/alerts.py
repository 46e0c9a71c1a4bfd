"""The content of the page of alerts: the open ones first, and the load per week."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluss.alerting.show import age_of, status_in_words
from sluss.interval import parse_interval

if TYPE_CHECKING:
    from datetime import datetime

    from sluss.alerting.life import Life
    from sluss.control_room.known import Known, Seen

_ENDED = 50  # alerts that have ended, the newest
_RANK = {"critical": 0, "warning": 1}


@dataclass(frozen=True)
class Row:
    """One alert of one use case."""

    life: Life
    title: str
    age: str
    state: str


def content(state: Known, now: datetime) -> dict[str, Any]:
    """Return the alerts of all use cases."""
    rows = [row for seen in state.all() for row in rows_of(seen, now)]
    is_open = sorted((row for row in rows if row.life.is_open), key=lambda row: _RANK[row.life.severity])
    ended = sorted((row for row in rows if not row.life.is_open), key=lambda row: row.life.interval, reverse=True)
    return {"open": is_open, "ended": ended[:_ENDED], "ended_count": len(ended), "weeks": weeks(state)}


def rows_of(seen: Seen, now: datetime) -> list[Row]:
    """Return the alerts of one use case, in the order in which they began."""
    if seen.use_case is None:
        return []
    unit = seen.use_case.unit
    return [Row(life, seen.title, age_of(life, unit), status_in_words(life, now)) for life in seen.lives]


def weeks(state: Known) -> list[tuple[str, int]]:
    """Return how many alerts began in each of the newest twelve weeks of the data that had any."""
    found: Counter[str] = Counter()
    for seen in state.all():
        if seen.use_case is None:
            continue
        starts = (parse_interval(life.since, seen.use_case.unit).start for life in seen.lives)
        found.update(f"{start:%G}, week {start:%V}" for start in starts)
    return sorted(found.items(), reverse=True)[:12]
