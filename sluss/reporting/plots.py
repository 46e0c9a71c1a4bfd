"""The report's plots, from its facts."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from sluss.charts import svg
from sluss.charts.plot import HALF, MARGIN, WIDE, Plot, axis_names, scale
from sluss.charts.svg import Frame
from sluss.monitoring.conditions import alert_types
from sluss.monitoring.measure import histogram
from sluss.problems import problem_of
from sluss.problems.metrics import METRICS
from sluss.statistics.figures import BINS, SCORE, feature_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sluss.config.operation import Monitoring
    from sluss.config.use_case import UseCase
    from sluss.reporting.facts import Day, Facts


def plots(use_case: UseCase, facts: Facts) -> list[Plot]:
    """Draw all plots, in their order on the page."""
    rules, problem = use_case.monitoring, problem_of(use_case)
    return [
        quality_plot(use_case, facts),
        drift_plot(facts, rules),
        score_plot(use_case, facts),
        *problem.reporting.interval_plots([day.seen for day in facts.days], facts.profile.own),
        alert_plot(facts, alert_types(problem)),
    ]


def quality_plot(use_case: UseCase, facts: Facts) -> Plot:
    """Plot the metric of each interval with its 95 % interval, over the mix of its rows."""
    metric, holdout = METRICS[use_case.training.metric].title, facts.profile.holdout
    drop = use_case.monitoring.quality_drop
    # A drop counts as a share for losses, and as a difference for other metrics.
    limit = holdout.value * (1 + drop) if METRICS[holdout.metric].lower_is_better else holdout.value - drop
    known, expected = [day.quality for day in facts.days], [day.seen.expected for day in facts.days]
    low, high, step = scale([limit, holdout.value, *(v for q in known if q for v in (q.low, q.high))])
    frame = Frame(len(facts.days), low, high, WIDE, 320, right=MARGIN)
    stretches = list(_mix(facts.days))
    kinds = list(dict.fromkeys(name for _, name in stretches))
    shades = [svg.shade(frame, span, f"mix{kinds.index(name) % 4}", name) for span, name in stretches]
    marks = [
        *shades,
        svg.y_axis(frame, step),
        svg.x_axis(frame, _names(facts.days)),
        svg.rules(
            frame,
            [(holdout.value, f"holdout {holdout.value:.3f}", "calm"), (limit, f"limit {limit:.3f}", "limit")],
        ),
        *(svg.turn(frame, place, f"version {version}") for place, version in champion_changes(facts.days)),
        svg.whiskers(frame, [(q.low, q.high) if q else None for q in known], "a"),
        svg.line(frame, [q.value if q else None for q in known], "a"),
        svg.line(frame, [e.value if e and not e.blind else None for e in expected], "b"),
        svg.rings(frame, [e.value if e and e.blind else None for e in expected], "b"),
    ]
    caption = (
        f"{metric} of each {use_case.unit}'s rows against the labels known by now; bars are 95 % intervals, "
        "upright lines new champions, dashed lines the last one's promise and limit."
    )
    legend = (("a", metric), *((("b", "expected before labels; a ring: blind"),) if any(expected) else ()))
    return Plot(f"{metric} per {use_case.unit}", caption, svg.svg(frame, caption, marks), legend, wide=True)


def champion_changes(days: Sequence[Day]) -> Iterator[tuple[int, str]]:
    """Return each interval that a different version scored than the one before: its position, and the version."""
    versions = [day.seen.model_version for day in days]
    for place, (before, version) in enumerate(pairwise(versions), start=1):
        if version != before:
            yield place, version


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


def alert_plot(facts: Facts, types: Sequence[str]) -> Plot:
    """Plot the periods in which each alert was active."""
    names = [day.seen.interval for day in facts.days]
    frame = Frame(len(names), 0, len(types), WIDE, 60 + 34 * len(types), left=150)
    marks = [svg.x_axis(frame, _names(facts.days))]
    for place, kind in enumerate(types):
        y = frame.y(len(types) - place - 0.5)
        marks.append(svg.text(frame.left - 12, y + 4, kind.replace("_", " "), "name end"))
        marks.append(svg.track(frame, y))
        for period in facts.alert_periods:
            if period.type == kind and period.since in names:
                span = (names.index(period.since), names.index(period.last) if period.last in names else len(names) - 1)
                words = f"{period.severity}{'' if period.ended else ', still on'}"
                marks.append(svg.pill(frame, span, y, (period.severity, words)))
    caption = "Each alert from the interval that raised it to the last one in which it was active."
    return Plot("Alerts", caption, svg.svg(frame, caption, marks), wide=True)


_STYLES = ["a", "b", "c", "d", "e"]


def _names(days: Sequence[Day]) -> list[str]:
    return axis_names([day.seen.interval for day in days])


def _mix(days: Sequence[Day]) -> Iterator[tuple[tuple[int, int], str]]:
    """Return runs of intervals with the same most frequent category."""
    main = [max(day.mix, key=lambda name: (day.mix[name], name)) if day.mix else "" for day in days]
    start = 0
    for name, stretch in groupby(main):
        stop = start + len(list(stretch)) - 1
        if name:
            yield (start, stop), name
        start = stop + 1
