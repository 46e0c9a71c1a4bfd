"""Actions of a person on an alert: acknowledge, silence, comment, open again, close."""

from __future__ import annotations

import getpass
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sluss.alerting.actions import Action, Kind, record
from sluss.alerting.read import find
from sluss.errors import ConfigError, printable
from sluss.monitoring.tables import MONITORING

if TYPE_CHECKING:
    from sluss.alerting.life import Life
    from sluss.context import Context

_SPAN = re.compile(r"(\d{1,4})\s*([mhdw])[a-z]*", re.IGNORECASE)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Changed:
    """The sentence that tells a person the result."""

    sentence: str


def acknowledge(context: Context, alert: str, by: str = "", comment: str = "") -> Changed:
    """Make a person the owner of an alert.

    Raises:
        ConfigError: the use case has no such alert, or it has ended.
        ServiceError: the lake does not answer.
    """
    life, person = _open(context, alert), by or _user()
    if life.owner == person and not comment:
        return Changed(f"{life.id} already belongs to {person}.")
    _record(context, life, "acknowledge", person, reason=comment.strip())
    instead = f", in place of {life.owner}" if life.owner not in {"", person} else ""
    return Changed(f"{life.id} ({life.type}, {life.severity}, since {life.since}) now belongs to {person}{instead}.")


def silence(context: Context, alert: str, until: str, reason: str, by: str = "") -> Changed:
    """Send no more news of an alert until a time, unless it becomes more severe.

    Raises:
        ConfigError: the use case has no such alert, it has ended, or the time cannot be used.
        ServiceError: the lake does not answer.
    """
    if not reason.strip():
        raise ConfigError("A silence needs a reason: REASON='the new source is known, a model is being trained'.")
    end = parse_until(until, context.use_case.schedule_zone)
    life, person = _open(context, alert), by or _user()
    _record(context, life, "silence", person, reason=reason.strip(), until=end)
    return Changed(
        f"{life.id} ({life.type}, since {life.since}) is silent until {end:%Y-%m-%d %H:%M} UTC, unless it becomes more "
        f"severe than {life.severity}."
    )


def comment(context: Context, alert: str, text: str, by: str = "") -> Changed:
    """Add a comment to the history of an alert, open or ended.

    Raises:
        ConfigError: the use case has no such alert, or the comment is empty.
        ServiceError: the lake does not answer.
    """
    if not text.strip():
        raise ConfigError("The comment is empty: COMMENT='the shop changed its form on Tuesday'.")
    life = find(context, alert)
    _record(context, life, "comment", by or _user(), reason=text.strip())
    return Changed(f"Noted on {life.id} ({life.type}, since {life.since}).")


def reopen(context: Context, alert: str, reason: str = "", by: str = "") -> Changed:
    """Take owner and silence from an alert that is on, or open one again that has ended.

    Raises:
        ConfigError: the use case has no such alert.
        ServiceError: the lake does not answer.
    """
    life = find(context, alert)
    _record(context, life, "reopen", by or _user(), reason=reason.strip())
    if life.on:
        return Changed(f"{life.id} ({life.type}, since {life.since}) is open again, without an owner and not silenced.")
    return Changed(
        f"{life.id} ({life.type}, since {life.since}) is open again until a person closes it: "
        f"make reopen ALERT={life.id} CLOSE=1 USE_CASE={context.use_case.name}."
    )


def close(context: Context, alert: str, reason: str = "", by: str = "") -> Changed:
    """Close an alert that a person opened again.

    Raises:
        ConfigError: the use case has no such alert, or the monitor still reports it.
        ServiceError: the lake does not answer.
    """
    life = find(context, alert)
    if life.on:
        raise ConfigError(
            f"The monitor still reports {life.id}, and ends it itself. To hear no more of it: make silence "
            f"ALERT={life.id} UNTIL=3d REASON=… USE_CASE={context.use_case.name}."
        )
    if not life.reopened:
        raise ConfigError(f"{life.id} has ended already, in {life.history[-1].interval}.")
    _record(context, life, "close", by or _user(), reason=reason.strip())
    return Changed(f"{life.id} ({life.type}, since {life.since}) is closed.")


def parse_until(text: str, zone: str = "UTC", now: datetime | None = None) -> datetime:
    """Return the end of a silence: a span from now such as `3d`, or a day or time of the use case's zone.

    Raises:
        ConfigError: the text is neither, or not within the next year.
    """
    present = now or datetime.now(UTC)
    found = _SPAN.fullmatch(text.strip())
    try:
        end = present + timedelta(**{_UNITS[found[2].lower()]: int(found[1])}) if found else _moment(text, zone)
    except (ValueError, OverflowError):
        raise ConfigError(
            f"'{printable(text)}' is not a time. Give a day (UNTIL=2026-12-01), a time (UNTIL=2026-12-01T08:00) or a "
            "span from now (UNTIL=3d, 12h, 2w)."
        ) from None
    if not timedelta() < end - present <= _LONGEST:
        where = "in the past" if end <= present else "more than a year away"
        raise ConfigError(f"{end:%Y-%m-%d %H:%M} UTC is {where}. Give a time within the next year, such as UNTIL=3d.")
    return end


def _moment(text: str, zone: str) -> datetime:
    found = datetime.fromisoformat(text.strip())
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _open(context: Context, alert: str) -> Life:
    life = find(context, alert)
    if not life.is_open:
        raise ConfigError(
            f"{life.id} ({life.type}, since {life.since}) ended in {life.history[-1].interval}. To work on it "
            f"again: make reopen ALERT={life.id} USE_CASE={context.use_case.name}."
        )
    return life


def _record(context: Context, life: Life, action: Kind, by: str, **more: Any) -> None:  # noqa: ANN401 - of an action
    seen = context.lake.newest(MONITORING) or life.interval
    known = (life.id, life.type, life.since)
    record(context.lake, Action(*known, action, by, datetime.now(UTC), seen, life.severity, **more))


def _user() -> str:
    try:
        return getpass.getuser()
    except OSError:  # a container's user without a name
        return "unknown"
