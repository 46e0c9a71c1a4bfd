"""The data interval: Airflow's, and the unit of work of every step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sluss.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNIT = re.compile(r"(?:(\d+) )?(minute|hour|day|week|month|quarter)s?")
_FORMAT = {
    "minute": "%Y-%m-%dT%H:%M", "hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m",
    "quarter": "%Y-%m",
}  # fmt: skip
_MOST = {"minute": 60, "hour": 24}  # so many minutes or hours are a longer unit
_AGES = (1700, 2200)  # years: times in nanoseconds reach from 1678 to 2262
_MONTHS = {"month": 1, "quarter": 3}
_A_MONDAY = datetime(1970, 1, 5)  # noqa: DTZ001 - a clock on the wall
_EXAMPLE = {
    "minute": "2026-01-05T13:15", "hour": "2026-01-05T13", "day": "2026-01-05", "week": "2026-01-05",
    "month": "2026-01", "quarter": "2026-01",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    """Length of an interval: some minutes or hours of UTC, or a day, week, month or quarter of a zone's calendar.

    Days of a zone with daylight saving last 23, 24 or 25 hours. One interval ends where the next begins.
    """

    name: str
    count: int = 1
    zone: str = "UTC"

    def __str__(self) -> str:
        return self.name if self.count == 1 else f"{self.count} {self.name}s"

    @property
    def format(self) -> str:
        """How `strftime` names a partition, from the wall clock of the zone."""
        return _FORMAT[self.name]

    @property
    def example(self) -> str:
        """Name of a partition, as an example."""
        return _EXAMPLE[self.name]

    def start_of(self, moment: datetime) -> datetime:
        """Start of the interval that holds the moment, in UTC."""
        return self._in_utc(self._floor(self._on_the_wall(moment)))

    def after(self, moment: datetime) -> datetime:
        """End of the interval that holds the moment, in UTC."""
        start, wall = self.start_of(moment), self._floor(self._on_the_wall(moment))
        # A zone may skip a whole day of its calendar, whose two ends are the same moment.
        while (found := self._in_utc(wall := self._next(wall))) <= start:
            pass
        return found

    def before(self, moment: datetime) -> datetime:
        """Start of the interval before the one that holds the moment, in UTC."""
        return self.start_of(self.start_of(moment) - timedelta.resolution)

    def aligned(self, moment: datetime) -> datetime:
        """The moment in UTC; where clocks are set back to midnight, Airflow means the second midnight, we the first."""
        wall = self._on_the_wall(moment)
        return self.start_of(moment) if wall == self._floor(wall) else moment.astimezone(UTC)

    def partition(self, moment: datetime) -> str:
        """Name of the interval that holds the moment."""
        return self._floor(self._on_the_wall(moment)).strftime(self.format)

    def _on_the_wall(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)

    def _in_utc(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    def _floor(self, wall: datetime) -> datetime:
        midnight = datetime.combine(wall, time())
        match self.name:
            case "month":
                return midnight.replace(day=1)
            case "quarter":
                return midnight.replace(month=midnight.month - (midnight.month - 1) % 3, day=1)
            case "week":
                return midnight - timedelta(days=(midnight - _A_MONDAY).days % 7)
            case "day":
                return midnight
            case _:
                return wall - (wall - midnight) % self._step

    def _next(self, wall: datetime) -> datetime:
        if self.name in _MONTHS:
            return (wall.replace(day=1) + timedelta(days=31 * _MONTHS[self.name])).replace(day=1)
        return wall + self._step

    @property
    def _step(self) -> timedelta:
        return timedelta(**{f"{self.name}s": self.count})


@lru_cache
def unit_of(text: str, zone: str = "UTC") -> Unit:
    """The unit that a config writes as `day`, `15 minutes` or `6 hours`.

    Raises:
        ValueError: there is no such unit, or it does not divide a day.
    """
    found = _UNIT.fullmatch(text)
    if found is None:
        raise ValueError(
            f"'{text}' is not a unit; choose hour, day, week, month, quarter, or some minutes or hours: 15 minutes"
        )
    count, name = int(found[1] or 1), found[2]
    if name in _MOST:
        _check_short(text, name, count, zone)
    elif count != 1:
        raise ValueError(f"{text}: only minutes and hours can be counted; choose {name}")
    return Unit(name, count, zone)


def _check_short(text: str, name: str, count: int, zone: str) -> None:
    if count == 0 or _MOST[name] % count:
        raise ValueError(f"{text} do not divide an hour or a day evenly; choose for example 15 minutes or 6 hours")
    if zone != "UTC":
        raise ValueError(f"minutes and hours are those of UTC; leave schedule_zone: {zone} out, or choose day")


@dataclass(frozen=True, slots=True)
class Interval:
    """Half-open span of time [start, end), both aware and in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ConfigError(f"The interval {self.start} – {self.end} has no time zone; give its times in UTC.")
        if self.start >= self.end:
            raise ConfigError(f"The interval starts at {self.start} and ends at {self.end}: the end must be later.")

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} – {self.end:%Y-%m-%d %H:%M} UTC"


def intervals(span: Interval, unit: Unit | str) -> Iterator[Interval]:
    """The intervals of a span, in their order."""
    unit, start = _unit(unit), span.start
    while start < span.end:
        end = unit.after(start)
        yield Interval(start, end)
        start = end


def partition(moment: datetime, unit: Unit | str) -> str:
    """Name of the partition that holds `moment`; names sort as time does, e.g. `2026-01-05` or `2026-01-05T13`."""
    return _unit(unit).partition(moment)


def partitions(interval: Interval, unit: Unit | str) -> tuple[str, str]:
    """Return the names of the interval's first partition and of the one after its last.

    Raises:
        ConfigError: the interval begins or ends inside a partition. Replacing it would delete the partition's other
            rows.
    """
    unit = _unit(unit)
    for moment in (interval.start, interval.end):
        if unit.start_of(moment) != moment:
            raise ConfigError(
                f"The interval {interval} does not begin and end with a full {unit} in {unit.zone}; choose one."
            )
    return partition(interval.start, unit), partition(interval.end, unit)


def midnight(day: date, zone: str = "UTC") -> datetime:
    """Return the start of the day in the zone, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def parse_interval(text: str, unit: Unit | str) -> Interval:
    """Return the interval that starts at `text` (`2026-01-05`, or `2026-01-05T13` for hourly use cases).

    A time without a zone is in the unit's.

    Raises:
        ConfigError: `text` is not a time in ISO 8601.
    """
    unit = _unit(unit)
    try:
        start = datetime.fromisoformat(f"{text}-01" if unit.name in _MONTHS and text.count("-") == 1 else text)
    except ValueError:
        raise ConfigError(
            f"'{text}' is not an interval; give the {unit} that it starts at, e.g. {unit.example}."
        ) from None
    try:
        start = (start if start.tzinfo else start.replace(tzinfo=ZoneInfo(unit.zone))).astimezone(UTC)
        return Interval(start, unit.after(start))
    except OverflowError:
        raise _too_far(text) from None


def given_interval(text: str, unit: Unit | str) -> Interval:
    """Return the interval that a person names by its start.

    Raises:
        ConfigError: `text` is not a time in ISO 8601, or one of another age, which no clock of rows or models reaches.
    """
    interval = parse_interval(text, unit)
    if not _AGES[0] <= interval.start.year < _AGES[1]:
        raise _too_far(text)
    return interval


def _too_far(text: str) -> ConfigError:
    return ConfigError(f"'{text}' is too far from today; give a time from {_AGES[0]} to {_AGES[1] - 1}.")


def first_day(text: str, unit: Unit | str) -> date:
    """Return the day of the unit's calendar on which an interval begins, by the interval's name."""
    unit = _unit(unit)
    return parse_interval(text, unit).start.astimezone(ZoneInfo(unit.zone)).date()


def span_of_days(first: str, last: str, zone: str) -> Interval:
    """Return the span from the first day to the last, both included, of a zone's calendar.

    Raises:
        ConfigError: these are not days, or they are in the wrong order.
    """
    try:
        start, end = (date.fromisoformat(day) for day in (first, last))
    except ValueError:
        raise ConfigError(f"'{first}' to '{last}' is not a span of days such as 2026-01-02 to 2026-01-05.") from None
    for day in (start, end):
        if not _AGES[0] <= day.year < _AGES[1]:
            raise _too_far(day.isoformat())
    if end < start:
        raise ConfigError(f"The last day, {end}, is before the first, {start}: give a later one.")
    return Interval(midnight(start, zone), midnight(end + timedelta(days=1), zone))


def airflow_interval(start: str, end: str, unit: Unit | str) -> Interval:
    """Return the interval from Airflow's `data_interval_start` and `data_interval_end`, both in ISO 8601."""
    aligned = _unit(unit).aligned
    return Interval(aligned(datetime.fromisoformat(start)), aligned(datetime.fromisoformat(end)))


def _unit(unit: Unit | str) -> Unit:
    return unit_of(unit) if isinstance(unit, str) else unit
