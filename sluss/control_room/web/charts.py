"""The charts of the pages, as SVG that the page's own style colours."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from sluss.charts import svg
from sluss.charts.plot import MARGIN, WIDE, Plot, axis_names, scale
from sluss.charts.svg import Frame
from sluss.problems.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sluss.alerting.life import Life
    from sluss.config.use_case import UseCase
    from sluss.control_room.days import Day
    from sluss.control_room.details import Drifted
    from sluss.control_room.truth import Truth
    from sluss.control_room.volumes import Volume
    from sluss.registry.entry import Entry
    from sluss.statistics.distributions import Distribution

_BINS, _CATEGORIES = 16, 10  # of a distribution
_SPARK = {"width": 132, "height": 30, "left": 2, "right": 2, "top": 4, "bottom": 4}


def sparkline(values: Sequence[float | None], promise: float | None) -> str:
    """Draw a metric over the newest intervals, with its promise as a dashed line; empty without two values."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high, _ = scale([*known, *([promise] if promise is not None else [])])
    frame = Frame(len(values), low, high, **_SPARK)
    last = max(place for place, value in enumerate(values) if value is not None)
    points = [f"{frame.x(i):.1f},{frame.y(v):.1f}" for i, v in enumerate(values) if v is not None]
    marks = [f'<polyline class="line a" points="{" ".join(points)}"/>']
    if promise is not None:
        y = frame.y(promise)
        marks.append(f'<line class="rule calm" x1="2" x2="{frame.width - 2}" y1="{y:.1f}" y2="{y:.1f}"/>')
    marks.append(f'<circle class="dot a" cx="{frame.x(last):.1f}" cy="{frame.y(known[-1]):.1f}" r="3"/>')
    title = f"From {known[0]:.3g} to {known[-1]:.3g}" + (f", promised {promise:.3g}" if promise is not None else "")
    return svg.svg(frame, title, marks)


def quality(
    use_case: UseCase,
    days: Sequence[Day],
    truth: Truth,
    events: tuple[Iterable[Entry], Iterable[Life]],
    mixes: Mapping[str, Mapping[str, int]],
) -> Plot:
    """Plot the metric over time, with estimates, promotions, rollbacks, alerts and changes of the data on one axis.

    Args:
        use_case: names the metric.
        days: the intervals, in order.
        truth: the metric of each by the labels known by now.
        events: entries of the ledger, and alerts.
        mixes: the rows of each interval by category, where the use case has one.
    """
    entries, lives = events
    metric = METRICS[use_case.training.metric]
    names = [day.interval for day in days]
    true = [truth.by_interval.get(name) for name in names]
    expected = [day.expected for day in days]
    promise = next((day.promise for day in reversed(days) if day.promise), None)
    values = [v for e in true if e for v in (e.low, e.high)] + [e.value for e in expected if e]
    low, high, step = scale([*values, *([promise.value] if promise else []), *([] if values else [0.0, 1.0])])
    shown = [life for life in lives if life.interval >= names[0]] if names else []
    kinds = sorted({life.type for life in shown})
    frame = Frame(len(days), low, high, WIDE, 330 + 26 * len(kinds), right=MARGIN, bottom=34 + 26 * len(kinds))
    stretches = list(_mix(names, mixes))
    shown_kinds = list(dict.fromkeys(name for _, name in stretches))
    marks = [
        *(svg.shade(frame, span, f"mix{shown_kinds.index(name) % 4}", name) for span, name in stretches),
        svg.y_axis(frame, step),
        svg.x_axis(frame, axis_names(names)),
        svg.rules(frame, [(promise.value, f"promise {promise.value:.3g}", "calm")]) if promise else "",
        *(svg.turn(frame, place, words) for place, words in changes(days, entries)),
        svg.whiskers(frame, [(e.low, e.high) if e else None for e in true], "a"),
        svg.line(frame, [e.value if e else None for e in true], "a"),
        svg.line(frame, [e.value if e and not e.blind else None for e in expected], "b"),
        svg.rings(frame, [e.value if e and e.blind else None for e in expected], "b"),
        *(
            _pills(frame, names, kind, [life for life in shown if life.type == kind], row)
            for row, kind in enumerate(kinds)
        ),
    ]
    caption = (
        f"{metric.title} of each {use_case.unit}'s rows by the labels known by now; bars are 95 % intervals, the "
        "dashed line the promise of the newest version, upright lines changes of production, bars below alerts."
    )
    legend = (("a", metric.title), *((("b", "estimate before labels; a ring: blind"),) if any(expected) else ()))
    return Plot(f"{metric.title} per {use_case.unit}", caption, svg.svg(frame, caption, marks), legend, wide=True)


def changes(days: Sequence[Day], entries: Iterable[Entry]) -> list[tuple[int, str]]:
    """Return the intervals that another version scored than the one before, with the action that put it there."""
    actions = {entry.version: entry.action for entry in entries if entry.version}
    found = []
    for place, (before, day) in enumerate(pairwise(days), start=1):
        if day.version != before.version:
            action = actions.get(day.version, "promote")
            found.append((place, f"version {day.version}" + ("" if action == "promote" else f" ({action})")))
    return found


def _mix(names: Sequence[str], mixes: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[tuple[int, int], str]]:
    """Return runs of intervals with the same most frequent category."""
    main = [max(mix, key=lambda name: (mix[name], name)) if (mix := mixes.get(each)) else "" for each in names]
    start = 0
    for name, stretch in groupby(main):
        stop = start + len(list(stretch)) - 1
        if name:
            yield (start, stop), name
        start = stop + 1


def _pills(frame: Frame, names: Sequence[str], kind: str, lives: Sequence[Life], row: int) -> str:
    """Draw the times in which alerts of one type were on, in a row below the chart."""
    y = frame.height - frame.bottom + 42 + 26 * row
    drawn = svg.track(frame, y) + svg.text(frame.width - frame.right + 6, y + 4, kind.replace("_", " "), "note")
    for life in lives:
        start = next((i for i, name in enumerate(names) if name >= life.since), 0)
        stop = max(start, next((i for i in reversed(range(len(names))) if names[i] <= life.interval), start))
        drawn += svg.pill(frame, (start, stop), y, (life.severity, life.severity))
    return drawn


def then_and_now(drifted: Drifted) -> str:
    """Draw the training data's and the interval's distribution of one feature; empty where one is not known."""
    if drifted.then is None or drifted.now is None:
        return ""
    shares, labels = _histograms(drifted.then, drifted.now)
    if not labels:
        return ""
    _, high, _ = svg.nice(0, max(max(pair) for pair in shares) or 1)
    frame = Frame(len(shares), 0, high, 360, 120, left=8, right=8, top=8, bottom=22)
    then = [svg.bar(frame, (i + 0.1, i + 0.9), pair[0], "grey") for i, pair in enumerate(shares)]
    now = svg.steps(frame, [pair[1] for pair in shares], "b")
    title = f"{drifted.name}: training data as bars, this interval as a line"
    return svg.svg(frame, title, [*then, now, svg.x_axis(frame, labels, room=52)])


def _histograms(then: Distribution, now: Distribution) -> tuple[list[tuple[float, float]], list[str]]:
    """Return the shares of both in common bins, and the names of the bins."""
    if "counts" in then:
        first, second = (_normed(each["counts"]) for each in (then, now))
        names = sorted(first.keys() | second.keys(), key=lambda name: -first.get(name, 0))[:_CATEGORIES]
        return [(first.get(name, 0), second.get(name, 0)) for name in names], [name[:8] for name in names]
    values = [*then["values"], *now["values"]]
    if not values:
        return [], []
    ordered = sorted(values)
    low, high = (ordered[int(share * (len(ordered) - 1))] for share in (0.01, 0.99))
    width = (high - low) / _BINS or 1.0
    pairs = zip(*(_shares(each["values"], low, width) for each in (then, now)), strict=True)
    return list(pairs), [f"{low + width * i:.3g}" for i in range(_BINS)]


def _normed(counts: dict[str, int]) -> dict[str, float]:
    total = max(sum(counts.values()), 1)
    return {name: count / total for name, count in counts.items()}


def _shares(values: Sequence[float], low: float, width: float) -> list[float]:
    found = [0] * _BINS
    for value in values:
        found[min(max(int((value - low) / width), 0), _BINS - 1)] += 1
    return [count / max(len(values), 1) for count in found]


def volumes(found: Sequence[Volume]) -> str:
    """Draw the rows of each interval."""
    if not found:
        return ""
    _, high, step = svg.nice(0, max(each.curated for each in found) or 1)
    frame = Frame(len(found), 0, high, WIDE, 150, left=70)
    bars = [svg.bar(frame, (i + 0.12, i + 0.88), each.curated, "grey") for i, each in enumerate(found)]
    aside = [
        svg.bar(frame, (i + 0.12, i + 0.88), each.quarantine, "b") for i, each in enumerate(found) if each.quarantine
    ]
    marks = [svg.y_axis(frame, step, ",.0f"), svg.x_axis(frame, axis_names([each.interval for each in found]))]
    return svg.svg(frame, "Rows of each interval; those in quarantine in front", [*marks, *bars, *aside])
