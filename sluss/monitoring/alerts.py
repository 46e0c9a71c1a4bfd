"""The life cycle of an alert: raised once for each change, then ongoing without an event, ended once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sluss.problems.condition import Condition, Severity

State = Literal["raised", "updated", "ongoing", "ended"]  # updated: it lasts, and its severity rose


@dataclass(frozen=True, slots=True)
class Alert:
    """The state of an alert after one interval."""

    interval: str
    type: str
    severity: Severity
    state: State
    since: str  # the interval that raised it
    message: str
    figures: dict[str, Any]

    @property
    def active(self) -> bool:
        """Whether the alert is on."""
        return self.state != "ended"

    @property
    def news(self) -> bool:
        """Whether a person should hear of it: it was raised, became worse, or ended."""
        return self.state != "ongoing"


def succeeded(before: Mapping[str, Alert], interval: str, versions: tuple[str, str]) -> list[Alert]:
    """Return the ends of the alerts that were on when another version took over; it starts without any."""
    old, new = versions
    message = f"Version {new} took over from version {old}, and is judged by its own profile."
    return [
        replace(alert, interval=interval, state="ended", message=message) for alert in before.values() if alert.active
    ]


def advance(before: Mapping[str, Alert], conditions: Iterable[Condition], interval: str) -> list[Alert]:
    """Return the alerts of an interval, from those of the interval before and the verdicts on this one.

    A pure function: monitoring an interval again gives the same alerts. An undecided condition keeps its alert. An
    alert that is on is raised anew by another change, and updated when its severity rises. It keeps its highest
    severity, or a figure near the limit would be news every other interval.

    Args:
        before: the alerts of the last monitored interval before this one, by type.
        conditions: at most one for each type; a type without one counts as undecided.
        interval: name of the interval.
    """
    judged = {condition.type: condition for condition in conditions}
    types = dict.fromkeys([*judged, *before])
    return [alert for each in types if (alert := _next(before.get(each), judged.get(each), interval)) is not None]


def _next(last: Alert | None, condition: Condition | None, interval: str) -> Alert | None:
    active = last if last is not None and last.active else None
    # Too little data is neither a reason to raise an alert nor to end one.
    if condition is None or condition.verdict == "undecided":
        kept = condition.message if condition else "It could not be judged."
        return active and replace(
            active, interval=interval, state="ongoing", message=f"Not decided anew, so it lasts. {kept}"
        )
    if condition.verdict == "clear" and active is None:
        return None
    state = _state(active, condition)
    return Alert(
        interval,
        condition.type,
        _severity(active, condition, state),
        state,
        active.since if active and state != "raised" else interval,
        condition.message,
        condition.figures,
    )


def _severity(active: Alert | None, condition: Condition, state: State) -> Severity:
    if active is None or state == "raised":
        return condition.severity
    return "critical" if condition.severity == "critical" and state != "ended" else active.severity


def _state(active: Alert | None, condition: Condition) -> State:
    if condition.verdict == "clear":
        return "ended"
    if active is None or condition.anew:
        return "raised"
    return "updated" if (active.severity, condition.severity) == ("warning", "critical") else "ongoing"
