"""Plots of the newest intervals' data and scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.charts import svg
from sluss.charts.plot import HALF, MARGIN, Plot, axis_names
from sluss.charts.svg import Frame
from sluss.monitoring.measure import histogram
from sluss.problems import problem_of
from sluss.statistics.figures import BINS, SCORE, feature_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.config.operation import Monitoring
    from sluss.config.use_case import UseCase
    from sluss.reporting.facts import Day, Facts


def plots(use_case: UseCase, facts: Facts) -> list[Plot]:
    """Draw the plots of data and scores, in their order on the page."""
    rules, problem = use_case.monitoring, problem_of(use_case)
    return [
        drift_plot(facts, rules),
        score_plot(use_case, facts),
        *problem.reporting.interval_plots([day.seen for day in facts.days], facts.profile.own),
    ]


def drift_plot(facts: Facts, rules: Monitoring) -> Plot:
    """Plot the distance of each feature from the reference profile."""
    features = sorted({drift.feature for day in facts.days for drift in day.seen.drift})
    series = {
        feature: [next((d.distance for d in day.seen.drift if d.feature == feature), None) for day in facts.days]
        for feature in features
    }
    top = max([2 * rules.drift_distance, *(v for values in series.values() for v in values if v is not None)])
    _, high, step = svg.nice(0, top)
    frame = Frame(len(facts.days), 0, high, HALF, right=MARGIN)
    styles = dict(zip(features, _STYLES * len(features), strict=False))
    marks = [
        svg.y_axis(frame, step),
        svg.x_axis(frame, _names(facts.days)),
        svg.rules(frame, [(rules.drift_distance, f"limit {rules.drift_distance:.2f}", "limit")]),
        *(svg.line(frame, series[feature], styles[feature]) for feature in features),
    ]
    caption = "Distance of each figure from the training data: 0 if equal, 1 with nothing in common."
    legend = tuple((styles[feature], feature_in_words(feature)) for feature in features)
    return Plot("Data drift", caption, svg.svg(frame, caption, marks), legend)


def score_plot(use_case: UseCase, facts: Facts) -> Plot:
    """Plot the distribution of the scores on the holdout and in the last interval."""
    last = facts.days[-1].seen
    reporting, values = problem_of(use_case).reporting, facts.profile.scores[SCORE]["values"]
    low, top = reporting.score_range(values)
    usual = [count / len(values) for count in histogram(values, (low, top))]
    now = [count / last.rows for count in last.histogram]
    _, high, step = svg.nice(0, max([*usual, *now]))
    frame = Frame(BINS, 0, high, HALF)
    ticks = [f"{low + (top - low) * place / BINS:.1f}" if place % 4 == 0 else "" for place in range(BINS)]
    marks = [
        svg.y_axis(frame, step, ".0%"),
        *(svg.bar(frame, (i + 0.06, i + 0.94), share, "grey") for i, share in enumerate(usual)),
        svg.steps(frame, now, "a"),
        *(svg.text(frame.x(i - 0.5), frame.height - 16, tick, "tick middle") for i, tick in enumerate(ticks)),
    ]
    caption = f"Share of rows by {reporting.score_means}, holdout and {last.interval}."
    legend = (("grey", "holdout"), ("a", last.interval))
    return Plot("Scores then and now", caption, svg.svg(frame, caption, marks), legend)


_STYLES = ["a", "b", "c", "d", "e"]


def _names(days: Sequence[Day]) -> list[str]:
    return axis_names([day.seen.interval for day in days])
