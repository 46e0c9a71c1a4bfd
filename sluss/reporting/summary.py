"""The text of an interval's summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.problems import problem_of
from sluss.problems.metrics import METRICS
from sluss.statistics.figures import feature_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.config.operation import Monitoring
    from sluss.config.use_case import UseCase
    from sluss.interval import Interval
    from sluss.monitoring.alerts import Alert
    from sluss.statistics.figures import Drift, Estimate, Expected, Summary

_NEXT = {
    "data_drift": "The data changed. Look at rows of this interval; if they are valid, label some and train again.",
    "quality_drop": "The model does worse than promised. Train on the new labels, or roll back.",
    "registry_mismatch": "The stores disagree about production. Look at it (make history {suffix}), then mend it: make "
    "repair {suffix}.",
    "silent_lock": "A lock of the pipeline did not act in a drill. See which: make drill {suffix}.",
    "worse_champion": "The guard rolls back by itself. See what the version had learned: make history {suffix}.",
}


def summary_text(use_case: UseCase, interval: Interval, measured: Summary, alerts: Sequence[Alert]) -> str:
    """Return the summary as Markdown."""
    alerted = [_alert(alert) for alert in alerts] or ["None."]
    advice = {**_NEXT, **problem_of(use_case).reporting.advice}
    suffix = f"USE_CASE={use_case.name}"
    todo = [f"- {advice[each.type].format(suffix=suffix)} (`{each.type}`)" for each in alerts if each.active]
    parts = [
        f"# {use_case.title}: {interval}",
        _figures(use_case, measured),
        "## Alerts",
        "\n".join(alerted),
        "## Next steps",
        "\n".join(todo) or "None: no alert is active.",
    ]
    return "\n\n".join(parts) + "\n"


def _figures(use_case: UseCase, measured: Summary) -> str:
    rules, reporting = use_case.monitoring, problem_of(use_case).reporting
    scored = f"{counted(measured.rows, 'row')} by {use_case.model} version {measured.model_version}"
    facts = {"Scored": f"{scored}, {reporting.in_words(measured)}."} | reporting.facts(measured)
    facts["Data"] = _drift(measured.drift, rules)
    if measured.expected:
        facts["Expected"] = _expected(measured.expected)
    facts["Quality"] = _quality(measured.quality, measured.quality_intervals)
    return "\n".join(f"- **{name}**: {fact}" for name, fact in facts.items())


def _drift(drifts: Sequence[Drift], rules: Monitoring) -> str:
    if not drifts:
        return "nothing to compare."
    far = [drift for drift in drifts if drift.distance >= rules.drift_distance]
    named = ", ".join(f"{feature_in_words(drift.feature)} {drift.distance:.2f}" for drift in far or drifts[:1])
    return f"distance from the reference profile (limit {rules.drift_distance:.2f}): {named}."


def _expected(expected: Expected) -> str:
    value = f"{METRICS[expected.metric].title} {expected.value:.3f} before labels come"
    if expected.blind:
        return f"{value}, but do not trust it: {expected.blind}."
    return f"{value}; {expected.outside:.0%} of the rows lie where the holdout has few."


def _quality(quality: Estimate | None, intervals: Sequence[str]) -> str:
    if quality is None:
        return "no labels known yet for this model version."
    days = " to ".join(sorted({intervals[0], intervals[-1]}))
    value = f"{METRICS[quality.metric].title} {quality.value:.3f} ({quality.low:.3f} to {quality.high:.3f})"
    return f"{value} on {counted(quality.rows, 'labelled row')} of {days}."


def _alert(alert: Alert) -> str:
    since = "" if alert.state == "raised" else f", since {alert.since}"
    return f"- **{alert.state}** `{alert.type}` ({alert.severity}{since}): {alert.message}"
