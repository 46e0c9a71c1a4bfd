"""The span of a table's times: its density, the length of an interval that fits, and gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sluss.profiling.columns import ColumnProfile
    from sluss.profiling.whole_table import WholeTable

Unit = Literal["hour", "day", "week", "month"]

_ROWS_OF_AN_INTERVAL = 20  # fewer decide nothing
_ROWS_OF_AN_HOUR = 2_000
_LENGTH = {"hour": 1, "day": 1, "week": 7, "month": 31}
_GAP = 3  # times as long as usual between two days with rows: worth a word


@dataclass(frozen=True)
class Gap:
    """Days in a row without a row."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True)
class Span:
    """From the first day with rows to the last, both included."""

    first: date
    last: date
    unit: Unit
    rows_of_a_unit: float  # the median
    newest: date  # start of the newest interval with at least half as many rows as usual
    gaps: tuple[Gap, ...]

    @property
    def days(self) -> int:
        """How many days it lasts."""
        return (self.last - self.first).days + 1

    @property
    def days_of_a_unit(self) -> int:
        """At most, of an interval."""
        return _LENGTH[self.unit]


def span_of(table: WholeTable, time: ColumnProfile) -> Span | None:
    """The span of a column of times; None where all rows have one day, so that no split by time is possible."""
    days = table.ask(
        f"SELECT CAST({time.sql} AS DATE), count(*) FROM data WHERE {time.sql} IS NOT NULL GROUP BY 1 ORDER BY 1"  # noqa: S608 - quoted
    )
    if len(days) < 2:
        return None
    counts = dict(days)
    unit = _unit(counts)
    parts = _per(counts, unit)
    usual = sorted(parts.values())[len(parts) // 2]
    newest = max(start for start, rows in parts.items() if 2 * rows >= usual)
    return Span(days[0][0], days[-1][0], unit, usual, newest, _gaps(list(counts)))


def _unit(counts: dict[date, int]) -> Unit:
    per_day = sorted(counts.values())[len(counts) // 2]
    if per_day >= 24 * _ROWS_OF_AN_HOUR:
        return "hour"
    for unit in ("day", "week"):
        parts = sorted(_per(counts, unit).values())
        if parts[len(parts) // 2] >= _ROWS_OF_AN_INTERVAL:
            return unit
    return "month"


def _per(counts: dict[date, int], unit: Unit) -> dict[date, int]:
    found: dict[date, int] = {}
    for day, rows in counts.items():
        start = {"week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}.get(unit, day)
        found[start] = found.get(start, 0) + rows
    return found


def _gaps(days: list[date]) -> tuple[Gap, ...]:
    one = timedelta(days=1)
    steps = sorted((after - before).days for before, after in pairwise(days))
    longest = _GAP * steps[len(steps) // 2]
    return tuple(Gap(before + one, after - one) for before, after in pairwise(days) if (after - before).days > longest)
