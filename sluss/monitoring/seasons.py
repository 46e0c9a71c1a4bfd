"""The intervals of rows by their times, and the place of an interval in the day or the week."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pandas as pd

    from sluss.interval import Interval, Unit

NONE, WEEKDAY, HOUR, HOUR_OF_WEEK = "none", "weekday", "hour", "hour of the week"
_CLOCK = {"hour": "h", "minute": "min"}  # names of pandas
_WEEKS = 4  # weeks of hours from which on each hour of the week is known by itself


def wall_starts(times: pd.Series[pd.Timestamp], unit: Unit) -> pd.Series[pd.Timestamp]:
    """Return, for each time, the start of its interval on the wall clock of the unit's zone."""
    wall = times.dt.tz_convert(unit.zone).dt.tz_localize(None)
    if unit.name in _CLOCK:
        found = wall.dt.floor(f"{unit.count}{_CLOCK[unit.name]}")
    elif unit.name == "month":
        found = wall.dt.to_period("M").dt.start_time
    elif unit.name == "quarter":
        found = wall.dt.to_period("Q").dt.start_time
    else:
        found = wall.dt.floor("D")
        if unit.name == "week":
            found = found - found.dt.day_of_week.astype("timedelta64[D]")
    starts: pd.Series[pd.Timestamp] = found
    return starts


def season_of(unit: Unit, starts: Sequence[datetime]) -> str:
    """Return the season that intervals of a unit may have, given the starts of the past ones."""
    if unit.name == "day":
        return WEEKDAY
    if unit.name not in ("hour", "minute") or not starts:
        return NONE
    return HOUR_OF_WEEK if (max(starts) - min(starts)).days >= 7 * _WEEKS - 1 else HOUR


def phase_of(season: str, wall: datetime) -> int:
    """Return the phase of the interval that starts then on the wall clock."""
    match season:
        case "weekday":
            return wall.weekday()
        case "hour":
            return wall.hour
        case "hour of the week":
            return wall.weekday() * 24 + wall.hour
        case _:
            return 0


def phase_at(season: str, interval: Interval, unit: Unit) -> int:
    """Return the phase of an interval."""
    return phase_of(season, interval.start.astimezone(ZoneInfo(unit.zone)).replace(tzinfo=None))
