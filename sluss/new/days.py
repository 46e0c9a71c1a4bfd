"""The days to learn from, to be judged on and to score, and the fewest rows for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sluss.new.look import Look

_MOST_LIVE = 30  # intervals that are kept for scoring
_LONGEST_WINDOW = 730  # days: what is older helps less than it costs …
_FEW_ROWS = 1_000  # … unless there are no more rows than these


@dataclass(frozen=True)
class Days:
    """The days of a use case: the history to learn from, and the days to score."""

    start: date
    live_start: date
    window: int
    holdout: int


def days_of(look: Look) -> Days | None:
    """The history and the live days, by the span of the data; None without times."""
    if look.span is None:
        return None
    span, unit = look.span, look.span.days_of_a_unit
    live = unit * max(1, min(_MOST_LIVE, span.days // unit // 10))
    live_start = _start_of(span.last + timedelta(days=1) - timedelta(days=live), span.unit)
    history = (live_start - span.first).days
    with_few_rows = int(_FEW_ROWS * unit / max(span.rows_of_a_unit, 1))
    window = min(history, max(_LONGEST_WINDOW, with_few_rows))
    return Days(_start_of(span.first, span.unit), live_start, window, max(window // 5, 1))


def sides(look: Look) -> tuple[str, str]:
    """The conditions in SQL of the rows to learn from and to be judged on, which are equal where ids split the rows."""
    days = days_of(look)
    if days is None or look.time is None:
        return "true", "true"
    held_out = days.live_start - timedelta(days=days.holdout)
    first = days.live_start - timedelta(days=days.window)
    day = f"CAST({look.time.sql} AS DATE)"
    return (
        f"{day} >= DATE '{first}' AND {day} < DATE '{held_out}'",
        f"{day} >= DATE '{held_out}' AND {day} < DATE '{days.live_start}'",
    )


def fewest_training_rows(rows: int) -> int:
    """Labelled rows below which nothing is trained, of so many in the whole history."""
    return max(rows // 10, 30)


def fewest_holdout_rows(rows: int) -> int:
    """Rows below which no model is judged, of so many labelled ones in the whole history."""
    return max(min(rows // 50, 1000), 10)


def _start_of(day: date, unit: str) -> date:
    match unit:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case _:
            return day
