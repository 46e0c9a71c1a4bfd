"""What the figures of one interval say about each kind of alert: breached, clear, or not to be decided.

One rule for all: a condition is breached when its test excludes chance at `alpha` *and* the change is as large as the
config says counts. It is clear when chance explains the change (p ≥ 0.05), or the change is well inside the limit.
Between the two, and with too little data, nothing is decided and an alert stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sluss.config.operation import ConfidenceMonitoring, Monitoring
from sluss.monitoring.quality import METRIC_NAMES, fallen
from sluss.statistics.figures import in_words
from sluss.statistics.proportions import exceeds
from sluss.statistics.trend import mann_kendall, smallest_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.statistics.figures import Drift, Estimate

AlertType = Literal["low_confidence", "confidence_trend", "data_drift", "quality_drop"]
Verdict = Literal["breached", "clear", "undecided"]
Severity = Literal["warning", "critical"]
ALERT_TYPES: tuple[AlertType, ...] = ("low_confidence", "confidence_trend", "data_drift", "quality_drop")
_ON_CONFIDENCE = ("low_confidence", "confidence_trend")

_CHANCE = 0.05  # an alert ends when the change could well be chance …
_RELEASE = 0.5  # … or is below this part of the limit, so that a figure on the limit does not flap
_CRITICAL = 2.0  # a change of so many limits is critical


@dataclass(frozen=True, slots=True)
class Condition:
    """The verdict of one interval on one type of alert, with its figures and a sentence."""

    type: AlertType
    verdict: Verdict
    severity: Severity
    figures: dict[str, Any]
    message: str


def alert_types(rules: Monitoring) -> tuple[AlertType, ...]:
    """The alerts that there can be: none on confidence where a model does not say how sure it is."""
    confident = isinstance(rules, ConfidenceMonitoring)
    return tuple(kind for kind in ALERT_TYPES if confident or kind not in _ON_CONFIDENCE)


def low_confidence(now: tuple[int, int], reference: tuple[int, int], rules: ConfidenceMonitoring) -> Condition:
    """Are more rows unsure than on the holdout? Both sides are (rows below the limit, rows)."""
    share, usual = now[0] / now[1], reference[0] / reference[1]
    p_value, rise = exceeds(now, reference), share - usual
    verdict = _verdict(rules, now[1], p_value, (rise, rules.low_confidence_rise))
    figures = {"share": share, "reference": usual, "rows": now[1], "p_value": p_value}
    message = (
        f"The model is unsure of {share:.0%} of {now[1]} rows (best class below {rules.low_confidence:.2f}); "
        f"on the holdout it was {usual:.0%}{_p(p_value)}."
    )
    return Condition("low_confidence", verdict, _severity(rise, rules.low_confidence_rise), figures, message)


def confidence_trend(series: Sequence[float], rules: ConfidenceMonitoring, *, model_changed: bool = False) -> Condition:
    """Is the mean confidence falling over the window? `series` holds intervals scored by the present version."""
    trend = mann_kendall(series)
    verdict = _verdict(rules, rules.min_rows, trend.p_falling, (trend.fall, rules.trend_fall))
    message = f"Mean confidence fell by {trend.fall:.3f} over {trend.n} intervals{_p(trend.p_falling)}."
    if smallest_p(trend.n) > rules.alpha:
        verdict = "clear" if model_changed else "undecided"
        reason = "a new model version scores them" if model_changed else "too few to tell a trend from noise"
        message = f"Mean confidence is known for {trend.n} intervals so far: {reason}."
    figures = {"fall": trend.fall, "slope": trend.slope, "intervals": trend.n, "p_value": trend.p_falling}
    return Condition("confidence_trend", verdict, _severity(trend.fall, rules.trend_fall), figures, message)


def data_drift(drifts: Sequence[Drift], rows: int, rules: Monitoring) -> Condition:
    """Has any feature, or the scores, moved away from the reference profile?"""
    limit = rules.drift_distance
    verdicts = {d.feature: _verdict(rules, rows, d.p_value, (d.distance, limit)) for d in drifts}
    moved = [d for d in drifts if verdicts[d.feature] == "breached"]
    verdict: Verdict = "breached" if moved else "undecided" if "undecided" in verdicts.values() else "clear"
    largest = max((d.distance for d in moved or drifts), default=0.0)
    if moved:
        count = f"{len(moved)} of {len(drifts)} compared figures differ" if len(drifts) > 1 else "The data differ"
        message = f"{count} from the reference profile: {'; '.join(map(_moved, moved))} (limit {limit:.2f})."
    else:
        message = f"No figure is clearly beyond the limit: the largest distance is {largest:.2f} (limit {limit:.2f})."
    figures = {
        "rows": rows,
        "features": {d.feature: {"distance": d.distance, "p_value": d.p_value} for d in moved or drifts},
    }
    return Condition("data_drift", verdict, _severity(largest, limit), figures, message)


def quality_drop(
    now: Estimate | None, reference: Estimate, rules: Monitoring, intervals: Sequence[str] = ()
) -> Condition:
    """Do the labels known by now show a metric clearly below the holdout's?"""
    if now is None:
        message = "No labels are known yet for rows that this model version scored."
        return Condition("quality_drop", "undecided", "warning", {}, message)
    p_value, drop = fallen(now, reference, rules.quality_drop), reference.value - now.value
    verdict = _verdict(rules, now.rows, p_value, (drop, rules.quality_drop))
    days = " to ".join(sorted({intervals[0], intervals[-1]})) if intervals else "recent intervals"
    value = f"{METRIC_NAMES[now.metric]} is {now.value:.3f} ({now.low:.3f} to {now.high:.3f})"
    promised = f"the holdout promised {reference.value:.3f}{_p(p_value)}"
    message = f"{value} on {now.rows} labelled rows of {days}; {promised}."
    figures = {**now.as_dict(), "reference": reference.value, "p_value": p_value, "intervals": list(intervals)}
    return Condition("quality_drop", verdict, _severity(drop, rules.quality_drop), figures, message)


def _verdict(rules: Monitoring, rows: int, p_value: float, change: tuple[float, float]) -> Verdict:
    size, limit = change
    if rows < rules.min_rows:
        return "undecided"
    if p_value < rules.alpha and size >= limit:
        return "breached"
    return "clear" if p_value >= _CHANCE or size < _RELEASE * limit else "undecided"


def _severity(size: float, limit: float) -> Severity:
    return "critical" if size >= _CRITICAL * limit else "warning"


def _moved(drift: Drift) -> str:
    form = ".0%" if drift.feature.endswith(".unknown_words") else ".3g"
    means = "" if drift.before is None else f", mean {drift.before:{form}} → {drift.now:{form}}"
    return f"{in_words(drift.feature)} (distance {drift.distance:.2f}{means})"


def _p(p_value: float) -> str:
    return "; p < 0.0001" if p_value < 1e-4 else f"; p = {p_value:.2g}"
