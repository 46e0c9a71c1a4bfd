"""The data interval: Airflow's, and the unit of work of every step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from sluss.errors import ConfigError

Unit = Literal["hour", "day"]

_LENGTH = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
FORMAT = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d"}


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


def length(unit: Unit) -> timedelta:
    """Return the duration of one interval of this unit."""
    return _LENGTH[unit]


def partition(moment: datetime, unit: Unit) -> str:
    """Name of the partition that holds `moment`; names sort as time does, e.g. `2026-01-05` or `2026-01-05T13`."""
    return moment.astimezone(UTC).strftime(FORMAT[unit])


def partitions(interval: Interval, unit: Unit) -> tuple[str, str]:
    """Return the names of the interval's first partition and of the one after its last.

    Raises:
        ConfigError: the interval begins or ends inside a partition. Replacing it would delete the partition's other
            rows.
    """
    for moment in (interval.start, interval.end):
        if moment.timestamp() % _LENGTH[unit].total_seconds():
            raise ConfigError(f"The interval {interval} does not begin and end with a full {unit} in UTC; choose one.")
    return partition(interval.start, unit), partition(interval.end, unit)


def midnight(day: date) -> datetime:
    """Return the start of the day in UTC."""
    return datetime.combine(day, time(), UTC)


def parse_interval(text: str, unit: Unit) -> Interval:
    """Return the interval that starts at `text` (`2026-01-05`, or `2026-01-05T13` for hourly use cases).

    A time without a zone is in UTC.

    Raises:
        ConfigError: `text` is not a time in ISO 8601.
    """
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        example = "2026-01-05" if unit == "day" else "2026-01-05T13"
        raise ConfigError(f"'{text}' is not an interval; give the {unit} that it starts at, e.g. {example}.") from None
    start = start.astimezone(UTC) if start.tzinfo else start.replace(tzinfo=UTC)
    return Interval(start, start + length(unit))


def airflow_interval(start: str, end: str) -> Interval:
    """Return the interval from Airflow's `data_interval_start` and `data_interval_end`, both in ISO 8601."""
    return Interval(datetime.fromisoformat(start).astimezone(UTC), datetime.fromisoformat(end).astimezone(UTC))
