"""The confidence of a classifier, the probability of the class that it predicts: figures, alerts, words and plots."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import Field

from sluss.charts import svg
from sluss.charts.plot import HALF, MARGIN, Plot, axis_names, known, scale
from sluss.charts.svg import Frame
from sluss.config.operation import Monitoring
from sluss.counted import counted
from sluss.problems.condition import Condition, FigureHistory, in_parentheses, severity_of, verdict_on
from sluss.statistics.figures import GROUPS
from sluss.statistics.proportions import exceeds
from sluss.statistics.trend import mann_kendall, smallest_p

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sluss.arrays import Floats
    from sluss.config.use_case import UseCase
    from sluss.statistics.figures import Summary

MEAN, LOW = "mean_confidence", "low_confidence_share"  # names of the figures
_UNKNOWN = (
    "The reference profile has no confidences of the holdout to compare with, so low confidence is not judged. "
    "Train the model again: python tasks/train_model.py."
)
ALERTS = ("low_confidence", "confidence_trend")
ADVICE = MappingProxyType(
    {
        "low_confidence": "The model is unsure more often than on its holdout. Look at the rows it is least sure of.",
        "confidence_trend": "Confidence wears off slowly. Plan a training on newer labels.",
    }
)


class ConfidenceMonitoring(Monitoring):
    """When the monitor raises alerts about a model that gives a confidence."""

    low_confidence: float = Field(
        gt=0, lt=1, description="Classification: the model is unsure of a row whose best class scores less"
    )
    low_confidence_rise: float = Field(
        gt=0,
        lt=1,
        description="Classification, `low_confidence`: rise of the share of unsure rows over the holdout's that counts",
    )
    trend_fall: float = Field(
        gt=0, lt=1, description="Classification, `confidence_trend`: fall of the mean confidence that counts"
    )


def figures(confidences: Floats, rules: ConfidenceMonitoring) -> dict[str, float]:
    """Mean confidence of some rows, and the share of rows below the limit."""
    return {MEAN: float(confidences.mean()), LOW: float((confidences < rules.low_confidence).mean())}


def conditions(
    summary: Summary, usual: Mapping[str, Any], history: FigureHistory, use_case: UseCase, rules: ConfidenceMonitoring
) -> list[Condition]:
    """The verdicts on the two alerts."""
    rows = round(summary.figures.get(GROUPS, summary.rows))  # rows of one group count once
    unsure = round(summary.figures[LOW] * rows), rows
    return [
        low_confidence(unsure, _usually_unsure(usual, rules), rules, use_case.chance("low_confidence"), history.worth)
        if _is_known(usual)
        else Condition("low_confidence", "undecided", "warning", {}, _UNKNOWN),
        confidence_trend(
            history.values, rules, use_case.chance("confidence_trend"), model_changed=history.model_changed
        ),
    ]


def _is_known(usual: Mapping[str, Any]) -> bool:
    """Whether a reference profile has the confidences on the holdout."""
    part = usual.get("confidence", {})
    return bool(part.get("rows")) and bool(part.get("values"))


def _usually_unsure(usual: Mapping[str, Any], rules: ConfidenceMonitoring) -> tuple[int, int]:
    # The profile may keep a grid instead of all values, so the share is scaled to the number of rows.
    rows = usual["confidence"]["rows"]
    return round(_share_below(usual["confidence"]["values"], rules) * rows), rows


def _share_below(values: Sequence[float], rules: ConfidenceMonitoring) -> float:
    return sum(value < rules.low_confidence for value in values) / len(values)


def mute(usual: Mapping[str, Any], classes: int, rules: ConfidenceMonitoring) -> str:
    """Why the model could never be found too unsure, or nothing."""
    if rules.low_confidence <= 1 / classes:
        return (
            f"monitoring.low_confidence is {rules.low_confidence:g}, and the most probable of "
            f"{counted(classes, 'class')} never has less: no row would ever count as unsure. Raise it."
        )
    unsure, rows = _usually_unsure(usual, rules)
    if unsure / rows + rules.low_confidence_rise >= 1:
        return (
            f"On its holdout it is unsure of {unsure / rows:.0%} of the rows (monitoring.low_confidence is "
            f"{rules.low_confidence:g}), so their share could not rise by {rules.low_confidence_rise:g}: no alert "
            "could be raised. Lower monitoring.low_confidence."
        )
    return ""


def low_confidence(
    now: tuple[int, int],
    reference: tuple[int, int],
    rules: ConfidenceMonitoring,
    alpha: float,
    worth: float = 1.0,
) -> Condition:
    """Are more rows unsure than on the holdout? Both sides are (rows below the limit, rows).

    Each row counts as `worth` independent ones.
    """
    share, usual = now[0] / now[1], reference[0] / reference[1]
    sides = [(below * worth, rows * worth) for below, rows in (now, reference)]
    p_value, rise = exceeds(sides[0], sides[1]), share - usual
    verdict = verdict_on(rules, now[1], p_value, (rise, rules.low_confidence_rise), alpha)
    measured = {"share": share, "reference": usual, "rows": now[1], "p_value": p_value}
    message = (
        f"The model is unsure of {share:.0%} of {counted(now[1], 'row')} (best class below "
        f"{rules.low_confidence:.2f}); on the holdout it was {usual:.0%}{in_parentheses(p_value)}."
    )
    return Condition("low_confidence", verdict, severity_of(rise, rules.low_confidence_rise), measured, message)


def confidence_trend(
    series: Sequence[float], rules: ConfidenceMonitoring, alpha: float, *, model_changed: bool = False
) -> Condition:
    """Is the mean confidence falling over the window? `series` holds intervals scored by the present version."""
    trend = mann_kendall(series)
    verdict = verdict_on(rules, rules.min_rows, trend.p_falling, (trend.fall, rules.trend_fall), alpha)
    message = (
        f"Mean confidence fell by {trend.fall:.3f} over "
        f"{counted(trend.n, 'interval')}{in_parentheses(trend.p_falling)}."
    )
    if smallest_p(trend.n) > alpha:
        verdict = "clear" if model_changed else "undecided"
        reason = "a new model version scores them" if model_changed else "too few to tell a trend from noise"
        message = f"Mean confidence is known for {counted(trend.n, 'interval')} so far: {reason}."
    measured = {"fall": trend.fall, "slope": trend.slope, "intervals": trend.n, "p_value": trend.p_falling}
    return Condition("confidence_trend", verdict, severity_of(trend.fall, rules.trend_fall), measured, message)


def metrics(summary: Summary, found: Sequence[Condition]) -> dict[str, float]:
    """Metrics of the monitor's run."""
    [trend] = [each for each in found if each.type == "confidence_trend"]
    mean, low = summary.figures[MEAN], summary.figures[LOW]
    measured = {"average_confidence": mean, "overall_avg_confidence": mean}
    measured |= {LOW: low, "low_confidence_percentage": 100 * low}
    return measured | {"confidence_fall": trend.figures["fall"]}


def facts(summary: Summary, rules: ConfidenceMonitoring) -> dict[str, str]:
    """The line of the interval's summary."""
    unsure = f"{summary.figures[LOW]:.0%} of the rows below {rules.low_confidence:.2f}"
    return {"Confidence": f"{summary.figures[MEAN]:.3f} on average; {unsure}."}


def cells(summary: Summary) -> dict[str, str]:
    """The cells of the report's table."""
    return {"Confidence": f"{summary.figures[MEAN]:.3f}", "Unsure": f"{100 * summary.figures[LOW]:.0f} %"}


def interval_plots(seen: Sequence[Summary], usual: Mapping[str, Any], rules: ConfidenceMonitoring) -> list[Plot]:
    """Mean confidence and the share of unsure rows over the intervals."""
    if not _is_known(usual):
        return []
    return [_confidence_plot(seen, usual["confidence"]["mean"]), _unsure_plot(seen, usual, rules)]


def _confidence_plot(seen: Sequence[Summary], usual: float) -> Plot:
    values = [summary.figures.get(MEAN) for summary in seen]
    low, high, step = scale([usual, *known(values)])
    frame = Frame(len(values), low, high, HALF, right=MARGIN)
    marks = [
        svg.y_axis(frame, step),
        svg.x_axis(frame, axis_names([summary.interval for summary in seen])),
        svg.rules(frame, [(usual, f"holdout {usual:.3f}", "calm")]),
        svg.line(frame, values, "a"),
    ]
    caption = "Mean probability of the class that the model chose."
    return Plot("Confidence", caption, svg.svg(frame, caption, marks))


def _unsure_plot(seen: Sequence[Summary], usual: Mapping[str, Any], rules: ConfidenceMonitoring) -> Plot:
    before = _share_below(usual["confidence"]["values"], rules)
    values = [summary.figures.get(LOW) for summary in seen]
    limit = before + rules.low_confidence_rise
    _, high, step = svg.nice(0, max([limit, *known(values)]))
    frame = Frame(len(values), 0, high, HALF, right=MARGIN)
    marks = [
        svg.y_axis(frame, step, ".0%"),
        svg.x_axis(frame, axis_names([summary.interval for summary in seen])),
        svg.rules(frame, [(before, f"holdout {before:.0%}", "calm"), (limit, f"limit {limit:.0%}", "limit")]),
        svg.line(frame, values, "b"),
    ]
    caption = f"Share of rows whose best class gets less than {rules.low_confidence:.2f}."
    return Plot("Rows the model is unsure of", caption, svg.svg(frame, caption, marks))
