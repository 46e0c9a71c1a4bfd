"""Config of the clock: whether a cron expression is valid, and starts a run for each interval."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sluss.interval import Unit

_PRESETS = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@quarterly": "0 0 1 */3 *",
}  # fmt: skip
_LOOKED_AT = 800  # runs, which are more than two years of days
_ANY_YEAR = datetime(2026, 1, 1)  # noqa: DTZ001 - a clock on the wall


def known_zone(name: str) -> str:
    """The name, where it is a time zone's.

    Raises:
        ValueError: it is not.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{name}' is not a time zone; give a name such as UTC or Europe/Berlin") from None
    return name


def usual_schedule(unit: Unit) -> str:
    """The cron expression that starts a run for each interval."""
    match unit.name:
        case "minute":
            return f"*/{unit.count} * * * *"
        case "hour":
            return f"0 */{unit.count} * * *" if unit.count > 1 else "0 * * * *"
        case name:
            return {"day": "0 0 * * *", "week": "0 0 * * 1", "month": "0 0 1 * *", "quarter": "0 0 1 */3 *"}[name]


def check_schedule(schedule: str, unit: Unit) -> None:
    """Refuse a schedule that is not a cron expression, or whose runs are not one interval apart.

    Raises:
        ValueError: the reason, and a schedule that fits.
    """
    expression, usual = _PRESETS.get(schedule, schedule), usual_schedule(unit)
    if expression == usual:
        return
    # Only an unusual schedule is worth the import, which every start of Airflow's parser would pay for.
    from croniter import croniter

    if not croniter.is_valid(expression):
        raise ValueError(f"'{schedule}' is not a cron expression; for unit: {unit} write \"{usual}\"")
    # Airflow, too, follows the clock on the wall of the zone, where every day has 24 hours.
    unit = Unit(unit.name, unit.count)
    runs = croniter(expression, _ANY_YEAR)
    expected = _utc(runs.get_next(datetime))
    for _ in range(_LOOKED_AT):
        if unit.start_of(expected) != expected:
            raise ValueError(
                f"'{schedule}' starts a run at {_clock(expected)}, within a {unit}; for unit: {unit} write \"{usual}\""
            )
        found, expected = _utc(runs.get_next(datetime)), unit.after(expected)
        if found != expected:
            raise ValueError(
                f"'{schedule}' does not start a run for each {unit}: after {_clock(unit.before(expected))} comes "
                f'{_clock(found)}; for unit: {unit} write "{usual}"'
            )


def _utc(wall: datetime) -> datetime:
    return wall.replace(tzinfo=UTC)


def _clock(moment: datetime) -> str:
    return f"{moment:%a %Y-%m-%d %H:%M}"
