"""The list of alerts for a person: the open ones first, then those that have ended, the newest first."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

from sluss.alerting.outbox import KEPT, read_outbox
from sluss.alerting.read import read_lives
from sluss.alerting.targets import targets
from sluss.interval import parse_interval
from sluss.problems.condition import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from sluss.alerting.life import Life
    from sluss.context import Context
    from sluss.interval import Unit
    from sluss.storage.lake import Lake


@dataclass(frozen=True)
class Line:
    """An alert, and how long it has lasted in the time of its data."""

    life: Life
    age: str


@dataclass(frozen=True)
class Listing:
    """The alerts of a use case, and receivers that do not get their messages."""

    use_case: str
    lines: tuple[Line, ...]
    problems: tuple[str, ...]


def list_alerts(context: Context, *, everything: bool = False) -> Listing:
    """List the open alerts, or all.

    Raises:
        ServiceError: the lake does not answer.
    """
    return listing(context, read_lives(context.lake, ended=everything))


def listing(context: Context, found: Iterable[Life]) -> Listing:
    """List alerts whose lives were read before.

    Raises:
        ServiceError: the lake does not answer.
    """
    return Listing(context.use_case.name, lines_of(found, context.use_case.unit), _problems(context.lake))


def lines_of(found: Iterable[Life], unit: Unit) -> tuple[Line, ...]:
    """Return the open alerts, the most severe and oldest first, and then the ended ones, the newest end first."""
    lives = list(found)
    ended = sorted((life for life in lives if not life.is_open), key=lambda life: (life.interval, life.since))
    is_open = sorted((life for life in lives if life.is_open), key=lambda life: (life.severity, life.since, life.type))
    return tuple(Line(life, age_of(life, unit)) for life in [*is_open, *reversed(ended)])


def status_in_words(life: Life, now: datetime) -> str:
    """The state of an alert, with the end and the reason of a silence."""
    status = life.status(now)
    if status == "silenced" and life.silence is not None and life.silence.until is not None:
        return f"silenced until {life.silence.until:%Y-%m-%d %H:%M} UTC: {life.silence.reason}"
    return status


def as_dict(listing: Listing, now: datetime) -> dict[str, Any]:
    """The list as values for JSON, with the whole history of each alert."""
    alerts = []
    for line in listing.lines:
        life = line.life
        kept = ("id", "type", "severity", "since", "interval", "intervals", "owner", "message", "first")
        history = [{name: _plain(value) for name, value in asdict(each).items()} for each in life.history]
        until = life.silence.until if life.silence and life.silenced(now) else None
        alerts.append(
            {name: getattr(life, name) for name in kept}
            | {"state": life.status(now), "age": line.age, "silent_until": _plain(until), "history": history}
        )
    return {"use_case": listing.use_case, "alerts": alerts, "problems": list(listing.problems)}


def _plain(value: Any) -> Any:  # noqa: ANN401 - of any field
    return value.isoformat() if isinstance(value, datetime) else value


def age_of(life: Life, unit: Unit) -> str:
    """How long an alert has lasted in the time of its data."""
    return in_words(parse_interval(life.interval, unit).end - parse_interval(life.since, unit).start)


def in_words(span: timedelta) -> str:
    """A span of time in its two largest units: `3 d 4 h`."""
    minutes = int(span.total_seconds() // 60)
    sizes = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"))
    shown = [f"{size} {unit}" for size, unit in sizes if size]
    return " ".join(shown[:2]) or "0 min"


def _problems(lake: Lake) -> tuple[str, ...]:
    """Return a sentence for each receiver whose last result is a failure.

    Embedded, only for those that are set now: another one gets no message, and its failure would never end. In the
    stack, not every container has the variables of each use case.
    """
    deliveries = sorted(read_outbox(lake, datetime.now(UTC) - KEPT).deliveries, key=lambda each: each.at)
    last = {each.target: each for each in deliveries if each.outcome in {"sent", "failed"}}
    if not lake.settings.is_scheduled:
        now = {each.digest for severity in get_args(Severity) for each in targets(lake.use_case, severity)}
        last = {target: each for target, each in last.items() if target in now}
    return tuple(
        f"Since {each.at:%Y-%m-%d %H:%M} UTC, messages do not arrive: {each.error}"
        for each in last.values()
        if each.outcome == "failed"
    )
