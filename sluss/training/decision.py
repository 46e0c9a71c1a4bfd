"""Decide whether to train a new model, from the state of the lake at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.interval import parse_interval, partition
from sluss.monitoring.conditions import OF_LOCKS
from sluss.monitoring.quality_drop import FALL_SINCE
from sluss.monitoring.tables import as_raised, latest_alerts
from sluss.training.new_labels import newly_labelled
from sluss.training.past_trainings import trained_moments
from sluss.training.rows import newest_end

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from sluss.config.operation import Retraining
    from sluss.config.use_case import UseCase
    from sluss.context import Context
    from sluss.monitoring.alerts import Alert
    from sluss.storage.lake import Lake

_DRIFT = "data_drift"


@dataclass(frozen=True)
class Decision:
    """Whether to train on the rows known at `until`, with the reason."""

    train: bool
    reason: str
    until: datetime


@dataclass(frozen=True)
class Alarm:
    """The active alerts, the start of the interval that raised the first of them, and the new labels of its change.

    These are counted from the interval in which the change began. Labels show a fall late, so it began earlier.
    """

    types: tuple[str, ...]
    since: datetime
    new_labels: int
    began: datetime
    change: str = ""  # the message with which the first of them was raised, and that of a later change of the data


@dataclass(frozen=True)
class TrainingFacts:
    """The facts at a moment. `trainings` are the moments `until` of all trainings, in order."""

    until: datetime
    trainings: tuple[datetime, ...]
    new_labels: int
    alarm: Alarm | None


def decide_training(context: Context, until: datetime | None = None, *, force: bool = False) -> Decision:
    """Judge the rules under `retraining` as of `until` (by default: the end of the newest curated interval).

    Writes nothing, and gives the same answer for the same moment, also after that training has run. `force` skips the
    rules.

    Raises:
        DataError: no interval was curated yet.
        ServiceError: the lake or MLflow does not answer.
    """

    lake = context.lake
    until = until or newest_end(lake, context.use_case)
    if force:
        return Decision(train=True, reason="Forced, regardless of the rules.", until=until)
    return decide(context.use_case, read_facts(context, lake, until))


def read_facts(context: Context, lake: Lake, until: datetime) -> TrainingFacts:
    """Read the facts as of `until`. Only `trainings` includes later moments."""

    use_case = context.use_case
    trainings = trained_moments(context)
    # Without the training for `until` itself, so that a retried step decides as it did before.
    before = [moment for moment in trainings if moment < until]
    events = newly_labelled(lake, use_case, until, max(before, default=None))
    latest = latest_alerts(lake, partition(until, use_case.unit)).values()
    # No training mends a lock or a store.
    alerts = [alert for alert in latest if alert.active and alert.type not in OF_LOCKS]
    return TrainingFacts(until, tuple(trainings), len(events), _alarm(lake, use_case, alerts, events))


def _alarm(lake: Lake, use_case: UseCase, alerts: Sequence[Alert], events: pd.Series) -> Alarm | None:
    """Return the active alerts with the new labels, given by the times of their events, that their change has."""
    if not alerts:
        return None
    first = min(alerts, key=lambda alert: (alert.since, alert.type))
    raised = as_raised(lake, first)
    start = raised.figures.get(FALL_SINCE, first.since) if raised else first.since
    since, began = (parse_interval(name, use_case.unit).start for name in (first.since, min(start, first.since)))
    types = tuple(sorted(alert.type for alert in alerts))
    return Alarm(types, since, int((events >= began).sum()), began, _changes(lake, raised, alerts))


def _changes(lake: Lake, first: Alert | None, alerts: Sequence[Alert]) -> str:
    """Return the message with which the first alert was raised, and that of data that changed again since."""
    if first is None:
        return ""
    later = [alert for alert in alerts if alert.type == _DRIFT and alert.since > first.since]
    again = [
        f"Then, in interval {alert.since}: {raised.message}" for alert in later if (raised := as_raised(lake, alert))
    ]
    return " ".join([first.message, *again])


def decide(use_case: UseCase, facts: TrainingFacts) -> Decision:
    """Apply the rules to the facts. A pure function."""
    rules, until = use_case.retraining, facts.until
    before = [moment for moment in facts.trainings if moment < until]
    # The limits come before the reasons to train, so neither an alert nor a due date can exceed them.
    if hindrance := _superseded(facts) or _too_soon(rules, until, before):
        return Decision(train=False, reason=hindrance, until=until)
    # A first model has no earlier training that new labels could be counted from.
    if not before:
        needed = use_case.training.min_rows
        reason = (
            f"No model was trained yet. {counted(facts.new_labels, 'labelled row', 'is', 'are')} known; the first "
            f"training needs {needed:,}."
        )
        return Decision(facts.new_labels >= needed, reason, until)
    return _worth_it(rules, facts, max(before))


def _superseded(facts: TrainingFacts) -> str | None:
    newer = [moment for moment in facts.trainings if moment > facts.until]
    if not newer:
        return None
    return f"A model was trained for {_named(max(newer))} already, which knows more than one for {_named(facts.until)}."


def _too_soon(rules: Retraining, until: datetime, before: list[datetime]) -> str | None:
    within = [moment for moment in before if until - moment < timedelta(days=1)]
    if len(within) >= rules.max_per_day:
        return (
            f"The last 24 hours saw {len(within)} of at most {counted(rules.max_per_day, 'training')} "
            "(retraining.max_per_day)."
        )
    if before and until - max(before) < timedelta(hours=rules.cool_down_hours):
        return (
            f"The last training was for {_named(max(before))}; the cool-down is "
            f"{counted(rules.cool_down_hours, 'hour')} (retraining.cool_down_hours)."
        )
    return None


def _worth_it(rules: Retraining, facts: TrainingFacts, last: datetime) -> Decision:
    """Train on enough new labels, on fewer while an alert is active, or on any after `every_days`."""
    since = f"since the training for {_named(last)}"
    if facts.new_labels >= rules.min_new_labels:
        reason = (
            f"{counted(facts.new_labels, 'new labelled row')} {since}; retraining.min_new_labels is "
            f"{rules.min_new_labels:,}."
        )
        return Decision(train=True, reason=reason, until=facts.until)
    if rules.every_days and facts.new_labels and facts.until - last >= timedelta(days=rules.every_days):
        reason = (
            f"It is {counted((facts.until - last).days, 'day')} {since}; a new one is due every "
            f"{counted(rules.every_days, 'day')}."
        )
        return Decision(train=True, reason=reason, until=facts.until)
    # The alert is last: it is named as the reason only if the other rules would not have trained.
    if (alarm := facts.alarm) is None:
        reason = (
            f"{facts.new_labels:,} of {counted(rules.min_new_labels, 'new labelled row')} {since}, and no alert is "
            "active."
        )
        return Decision(train=False, reason=reason, until=facts.until)
    needed = rules.min_new_labels_on_alert
    fall = f", of a fall that began on {_named(alarm.began)}" if alarm.began < alarm.since else ""
    reason = (
        f"{', '.join(alarm.types)} active since {_named(alarm.since)}{fall}, and "
        f"{counted(alarm.new_labels, 'labelled row')} from then on; retraining.min_new_labels_on_alert is "
        f"{needed:,}."
    )
    if alarm.change:
        reason += f" The change: {alarm.change}"
    return Decision(alarm.new_labels >= needed, reason, facts.until)


def _named(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}" if moment.timestamp() % 86_400 == 0 else f"{moment:%Y-%m-%d %H:%M}"
