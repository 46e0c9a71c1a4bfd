"""The life of an alert, as a pure function of the monitor's rows and of the actions of people.

The monitor raises, updates and ends; a person acknowledges, silences, comments, opens again and closes. Rows are
ordered by interval, and an action stands after the newest interval that its author saw. So an interval that is
monitored again leaves each action in its place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sluss.alerting.identity import alert_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sluss.alerting.actions import Action, Kind
    from sluss.monitoring.alerts import Alert
    from sluss.problems.condition import Severity

Status = Literal["open", "acknowledged", "silenced", "reopened", "ended"]
Happened = Literal["raised", "updated", "ended", "acknowledged", "silenced", "commented", "reopened", "closed"]
_RANK = {"warning": 0, "critical": 1}
_WORDS: Mapping[Kind, Happened] = {
    "acknowledge": "acknowledged", "silence": "silenced", "comment": "commented", "reopen": "reopened",
    "close": "closed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of an alert's history."""

    interval: str
    what: Happened
    severity: Severity
    message: str
    by: str = "the monitor"
    at: datetime | None = None  # of an action
    until: datetime | None = None  # of a silence


@dataclass(frozen=True, slots=True)
class Life:
    """An alert with everything that happened to it."""

    id: str
    use_case: str
    type: str
    since: str
    on: bool  # whether the monitor's newest verdict has it
    severity: Severity
    first: str  # the sentence of its first interval
    message: str  # the sentence of its newest interval
    interval: str  # the newest interval that reported it
    intervals: int = 1  # how many reported it
    owner: str = ""
    silence: Action | None = None
    reopened: bool = False
    history: tuple[Happening, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether a person still has to do with it."""
        return self.on or self.reopened

    def silenced(self, now: datetime) -> bool:
        """Whether a silence holds: it has not expired, and the alert did not become more severe."""
        return self.silence is not None and self.silence.until is not None and now < self.silence.until

    def status(self, now: datetime) -> Status:
        """Its state in one word."""
        if not self.is_open:
            return "ended"
        if self.silenced(now):
            return "silenced"
        if self.owner:
            return "acknowledged"
        return "open" if self.on else "reopened"


def worse(now: Severity, before: Severity) -> bool:
    """Whether a severity is above another."""
    return _RANK[now] > _RANK[before]


def lives(use_case: str, days: Sequence[tuple[str, Sequence[Alert]]], actions: Iterable[Action]) -> list[Life]:
    """Return every alert, in the order in which they began.

    Args:
        use_case: its name.
        days: the monitored intervals in their order, each with the alerts of its row. Intervals from before an alert's
            first one may be missing.
        actions: of people, in their order; those on alerts that the days do not have are passed over.
    """
    found: dict[str, Life] = {}
    for step in _merged(days, actions):
        if isinstance(step, tuple):
            found |= {life.id: life for life in _observe(use_case, found, *step)}
        elif step.alert in found:
            found[step.alert] = _act(found[step.alert], step)
    return list(found.values())


def _merged(
    days: Sequence[tuple[str, Sequence[Alert]]], actions: Iterable[Action]
) -> Iterator[tuple[str, Sequence[Alert]] | Action]:
    waiting = sorted(actions, key=lambda action: action.place)
    for interval, alerts in days:
        while waiting and waiting[0].seen < interval:
            yield waiting.pop(0)
        yield interval, alerts
    yield from waiting


def _observe(use_case: str, known: Mapping[str, Life], interval: str, alerts: Sequence[Alert]) -> Iterator[Life]:
    """Return the lives that an interval begins, continues or ends."""
    reported = {alert_id(use_case, alert.type, alert.since): alert for alert in alerts}
    anew = {alert.type for alert in alerts if alert.active}
    for name, alert in reported.items():
        if name in known:
            yield _continued(known[name], alert)
        elif alert.active:
            yield _begun(name, use_case, alert)
    for life in known.values():
        if life.on and life.id not in reported:
            reason = "Another change raised it anew." if life.type in anew else "The monitor reports it no longer."
            yield replace(life, on=False, history=(*life.history, Happening(interval, "ended", life.severity, reason)))


def _begun(name: str, use_case: str, alert: Alert) -> Life:
    return Life(
        name,
        use_case,
        alert.type,
        alert.since,
        on=True,
        severity=alert.severity,
        first=alert.message,
        message=alert.message,
        interval=alert.interval,
        history=(Happening(alert.interval, "raised", alert.severity, alert.message),),
    )


def _continued(life: Life, alert: Alert) -> Life:
    rose = alert.active and worse(alert.severity, life.severity)
    what: Happened | None = "ended" if life.on and not alert.active else "updated" if rose else None
    happened = (Happening(alert.interval, what, alert.severity, alert.message),) if what else ()
    silence = life.silence
    if alert.active and silence is not None and worse(alert.severity, silence.severity):
        silence = None  # who silenced it did not know that
    return replace(
        life,
        on=alert.active,
        severity=alert.severity,
        message=alert.message,
        interval=alert.interval,
        intervals=life.intervals + alert.active,
        silence=silence,
        history=life.history + happened,
    )


def _act(life: Life, action: Action) -> Life:
    line = Happening(
        action.seen, _WORDS[action.action], life.severity, action.reason, action.by, action.at, action.until
    )
    life = replace(life, history=(*life.history, line))
    match action.action:
        case "acknowledge":
            return replace(life, owner=action.by)
        case "silence":
            # More severe by now than its author saw: the silence never held.
            return life if worse(life.severity, action.severity) else replace(life, silence=action)
        case "reopen":
            return replace(life, owner="", silence=None, reopened=not life.on)
        case "close":
            return replace(life, reopened=False)
        case _:
            return life
