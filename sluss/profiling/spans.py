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
_FEWEST_INTERVALS = 4  # of a table: the newest is scored, and the others are the history
_UNITS: tuple[Unit, ...] = ("day", "week", "month")
_LENGTH = {"hour": 1, "day": 1, "week": 7, "month": 31}
_GAP = 3  # times as long as usual between two days with rows: worth a word
# A few rows far away are mistyped dates or tests; a model of their years would have nothing to learn from.
_FEW = 0.02  # of the rows, at each end
_FAR = 0.25  # of the length of the others
_NEAR = 30  # days that are never far
_ANOTHER_TIME = 366  # days without rows after which a table starts anew
_ENOUGH = 0.2  # of the rows, for the newest part of such a table to stand alone
_FEWEST_DAYS = 5  # of that part


@dataclass(frozen=True)
class Gap:
    """Days in a row without a row."""

    first: date
    last: date

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True)
class Span:
    """From the first day with rows to the last, both included, without the rows that are far from the others."""

    first: date
    last: date
    unit: Unit
    rows_of_a_unit: float  # the median
    newest: date  # start of the newest interval with at least half as many rows as usual
    gaps: tuple[Gap, ...]
    outside: tuple[tuple[date, int], ...] = ()  # days, and their rows, that are far from the others

    @property
    def rows_outside(self) -> int:
        """Rows that are far from the others."""
        return sum(rows for _, rows in self.outside)

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
    found = dict(days)
    counts = _where_rows_are(found)
    if len(counts) < 2:
        return None
    unit = _unit(counts)
    parts = _per(counts, unit)
    usual = sorted(parts.values())[len(parts) // 2]
    newest = max(start for start, rows in parts.items() if 2 * rows >= usual)
    outside = tuple((day, rows) for day, rows in days if day not in counts)
    return Span(min(counts), max(counts), unit, usual, newest, _gaps(list(counts)), outside)


def _where_rows_are(counts: dict[date, int]) -> dict[date, int]:
    """The days without a few that are far from the others, and of a table with long pauses its newest large part."""
    days = sorted(counts)
    step = _GAP * _usual_step(days)
    allowed = max(1, int(_FEW * sum(counts.values())))
    low, high = _few(days, counts, allowed), len(days) - _few(days[::-1], counts, allowed)
    if low >= high:
        return counts
    far = max(_NEAR, _FAR * (days[high - 1] - days[low]).days, step)
    starts = [place for place in range(1, low + 1) if (days[place] - days[place - 1]).days > far]
    ends = [place for place in range(high, len(days)) if (days[place] - days[place - 1]).days > far]
    days = days[max(starts, default=0) : min(ends, default=len(days))]
    return {day: counts[day] for day in _newest_part(days, counts, max(_ANOTHER_TIME, step))}


def _few(days: list[date], counts: dict[date, int], allowed: int) -> int:
    """How many days from the first on have few rows together."""
    rows = 0
    for place, day in enumerate(days):
        rows += counts[day]
        if rows > allowed:
            return place
    return len(days)


def _newest_part(days: list[date], counts: dict[date, int], pause: float) -> list[date]:
    cuts = [place for place in range(1, len(days)) if (days[place] - days[place - 1]).days > pause]
    parts = [days[start:end] for start, end in pairwise([0, *cuts, len(days)])]
    rows = [sum(counts[day] for day in part) for part in parts]
    large = [
        part
        for part, held in zip(parts, rows, strict=True)
        if held >= _ENOUGH * sum(rows) and len(part) >= _FEWEST_DAYS
    ]
    return large[-1] if large else parts[rows.index(max(rows))]


def _unit(counts: dict[date, int]) -> Unit:
    per_day = sorted(counts.values())[len(counts) // 2]
    if per_day >= 24 * _ROWS_OF_AN_HOUR:
        return "hour"
    parts = {unit: sorted(_per(counts, unit).values()) for unit in _UNITS}
    enough = [unit for unit in _UNITS if parts[unit][len(parts[unit]) // 2] >= _ROWS_OF_AN_INTERVAL]
    wanted = _UNITS.index(enough[0]) if enough else len(_UNITS) - 1
    # Of a table that lasts a few weeks, the newest month would be all.
    return next((unit for unit in _UNITS[wanted::-1] if len(parts[unit]) >= _FEWEST_INTERVALS), "day")


def _per(counts: dict[date, int], unit: Unit) -> dict[date, int]:
    found: dict[date, int] = {}
    for day, rows in counts.items():
        start = {"week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}.get(unit, day)
        found[start] = found.get(start, 0) + rows
    return found


def _gaps(days: list[date]) -> tuple[Gap, ...]:
    one = timedelta(days=1)
    longest = _GAP * _usual_step(days)
    return tuple(Gap(before + one, after - one) for before, after in pairwise(days) if (after - before).days > longest)


def _usual_step(days: list[date]) -> int:
    steps = sorted((after - before).days for before, after in pairwise(days))
    return steps[len(steps) // 2]
