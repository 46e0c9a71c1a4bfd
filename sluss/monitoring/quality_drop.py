"""The alert `quality_drop`: the labels since the promotion show that the metric is below what was promised."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, Any

from sluss.counted import counted
from sluss.monitoring.quality_history import Track
from sluss.problems import problem_of
from sluss.problems.condition import Condition, Verdict, in_parentheses, severity_of
from sluss.problems.metrics import METRICS, closeness_limit
from sluss.statistics.fall_scan import Fall, scan
from sluss.statistics.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sluss.config.use_case import UseCase
    from sluss.monitoring.quality_history import QualityHistory
    from sluss.problems.judging import Judging
    from sluss.statistics.figures import Estimate, Summary

TYPE = "quality_drop"
FALL_SINCE = "fall_since"  # the figure that names the interval in which the fall began
# Parts of the alert's budget. Together with what the first intervals get in addition, they make the whole.
_OF_ALL, _OF_SLICES, OF_CLASSES = 0.64, 0.25, 0.01
_CHANCE = 0.05  # an alert ends when the fall could well be chance …
_COUNTS = 0.5  # … or the newest rows are within this part of the limit; a smaller fall raises nothing


@dataclass(frozen=True)
class Finding:
    """The scan of one track, with the limit on the fall and the chance that it may take."""

    slice: str  # "" for all rows
    fall: Fall
    limit: float  # the fall of the closeness that stands for `quality_drop`
    allowed: float
    back: bool  # the newest rows of the window are as good as before

    @property
    def is_breached(self) -> bool:
        """Whether the fall is beyond chance, counts, and lasts."""
        return self.fall.p_value < self.allowed and self.fall.size >= _COUNTS * self.limit and not self.back

    @property
    def is_clear(self) -> bool:
        """Whether the fall is over, small, or may well be chance."""
        return self.back or self.fall.p_value >= _CHANCE or self.fall.size < _COUNTS * self.limit


def allowed_chance(budget: float, interval: int) -> float:
    """Return the chance that one interval may take, given the later ones' and its number since the promotion.

    A promotion is the likeliest moment of a fall, and the promise is least certain then. So the first interval gets
    three times the later share, the second twice, and so on: one tenth more than without, over 90 intervals.
    """
    return budget * (1 + 2 / interval)


def judge_track(track: Track, learned: Sequence[float], limit: float, budget: float, name: str = "") -> Finding | None:
    """Scan a track for a fall; None as long as it has no labelled rows, or made no promise.

    Args:
        track: promise and intervals.
        learned: the steps between the intervals of earlier versions.
        limit: the fall of the closeness that counts.
        budget: the chance of a false alarm that each interval may take, in the long run.
        name: of the slice.
    """
    recent = list(track.recent.values())
    fall = scan(track.promise, track.older, recent, learned)
    if fall is None:
        return None
    number = round(track.older.intervals) + sum(1 for each in recent if each.units)
    return Finding(name, fall, limit, allowed_chance(budget, number), _is_back(fall, recent, limit))


def _is_back(fall: Fall, recent: Sequence[Sample], limit: float) -> bool:
    """Whether the newest rows of the window, enough to tell half of the limit, lie within that of the level before.

    A window that is significant stays so long after a recovery, since it still contains the bad intervals.
    """
    variance = fall.before.deviations / max(fall.before.units - 1, 1)
    newest = Sample()
    for length, each in enumerate(reversed(recent), start=1):
        newest += each
        if length >= fall.intervals:
            return False
        if newest.units and sqrt(variance / newest.units) <= _COUNTS * limit / 2:
            return fall.before.mean - newest.mean < _COUNTS * limit
    return False


def quality_drop(use_case: UseCase, summary: Summary, reference: Estimate, history: QualityHistory | None) -> Condition:
    """Test whether the labels since the promotion show a fall below the promise, on all rows or on a slice."""
    now, rules = summary.quality, use_case.monitoring
    if now is None:
        metric = METRICS[reference.metric].title
        return _undecided(f"No labels are known yet, for rows that this model version scored, that define {metric}.")
    if history is None:
        return _undecided("The version does not record the predictions of its holdout, so it promised nothing.")
    findings = _findings(use_case, reference, history)
    labelled = round(history.whole.since_promotion.units)
    if not findings or labelled < rules.min_rows:
        known = counted(labelled, problem_of(use_case).judging.unit, "is known", "are known")
        few = f"Since the promotion, {known}, too few to judge by"
        return _undecided(f"{_newest(now, reference, summary.quality_intervals)} {few} (min_rows: {rules.min_rows}).")
    shown = _worst(findings)
    verdict = verdict_on_quality(findings)
    message = (
        f"{_newest(now, reference, summary.quality_intervals)} {_told(shown, history, problem_of(use_case).judging)}"
    )
    began = _since(shown.fall, history, shown.slice)
    figures = _figures(shown, now, reference, summary.quality_intervals) | {FALL_SINCE: began}
    return Condition(TYPE, verdict, severity_of(shown.fall.size, shown.limit), figures, message)


def with_later_fall(
    condition: Condition, use_case: UseCase, reference: Estimate, history: QualityHistory, since: str
) -> Condition:
    """Return the condition of an alert that is on, raised anew if the metric fell once more.

    The rows of all intervals from `since` on, which raised it, are compared with those of the first of them.
    """
    if condition.verdict != "breached":
        return condition
    limit = closeness_limit(reference, history.whole.promise.mean, use_case.monitoring.quality_drop)
    if not fell_again(history.whole, history.learned, limit, use_case.chance(TYPE), since):
        return condition
    return replace(condition, anew=True, message=f"It fell again since {since}. {condition.message}")


def fell_again(track: Track, learned: Sequence[float], limit: float, budget: float, since: str) -> bool:
    """Whether the closeness fell once more since an interval; `judge_track` explains the other arguments."""
    names = [name for name, sample in track.recent.items() if name >= since and sample.units]
    if len(names) < 2:
        return False
    after = Track(track.recent[names[0]], recent={name: track.recent[name] for name in names[1:]})
    found = judge_track(after, learned, limit, budget * _OF_ALL)
    return found is not None and found.is_breached


def _undecided(message: str) -> Condition:
    return Condition(TYPE, "undecided", "warning", {}, message)


def judge_tracks(
    tracks: Mapping[str, Track], learned: Sequence[float], limits: Mapping[str, float], budget: float
) -> list[Finding]:
    """Scan all tracks; each slice gets its part of the budget (Bonferroni).

    Args:
        tracks: by the name of the slice.
        learned: the steps between the intervals of earlier versions.
        limits: the fall of the closeness that counts, by slice.
        budget: the chance of a false alarm that each interval may take for all of them, in the long run.
    """
    slices = len(tracks) - 1
    shares = {name: _OF_SLICES / slices if name else _OF_ALL for name in tracks}
    found = [judge_track(track, learned, limits[name], budget * shares[name], name) for name, track in tracks.items()]
    return [each for each in found if each is not None]


def verdict_on_quality(findings: Sequence[Finding]) -> Verdict:
    """Return `breached` if one track is, and `clear` if all are."""
    if any(each.is_breached for each in findings):
        return "breached"
    return "clear" if all(each.is_clear for each in findings) else "undecided"


def _findings(use_case: UseCase, reference: Estimate, history: QualityHistory) -> list[Finding]:
    drop = use_case.monitoring.quality_drop
    limits = {name: closeness_limit(reference, track.promise.mean, drop) for name, track in history.tracks.items()}
    return judge_tracks(history.tracks, history.learned, limits, use_case.chance(TYPE))


def _worst(findings: Sequence[Finding]) -> Finding:
    """Return the finding to be told: all rows if they show a fall, else the slice with the strongest evidence."""
    breached = [each for each in findings if each.is_breached]
    first = (breached or findings)[0]
    return first if not first.slice else min(breached, key=lambda each: each.fall.p_value / each.allowed)


def _newest(now: Estimate, reference: Estimate, intervals: Sequence[str]) -> str:
    days = " to ".join(sorted({intervals[0], intervals[-1]})) if intervals else "recent intervals"
    value = f"{METRICS[now.metric].title} is {now.value:.3f} ({now.low:.3f} to {now.high:.3f})"
    rows = counted(now.rows, "labelled row") + ("" if now.groups is None else f" ({counted(now.groups, 'group')})")
    return f"{value} on {rows} of {days}; the holdout promised {reference.value:.3f}."


def _told(found: Finding, history: QualityHistory, judging: Judging) -> str:
    fall = found.fall
    where = f"Where {found.slice}, its" if found.slice else "Its"
    units = counted(round(fall.now.units), judging.unit)
    since = f"{fall.now.mean:.3f} on {units} since {_since(fall, history, found.slice)}"
    before = f"{fall.before.mean:.3f} on {round(fall.before.units):,} before"
    return f"{where} {judging.closeness} is {since}, and was {before} and on the holdout{in_parentheses(fall.p_value)}."


def _since(fall: Fall, history: QualityHistory, name: str) -> str:
    known = [interval for interval, sample in history.tracks[name].recent.items() if sample.units]
    return known[-fall.intervals] if fall.intervals <= len(known) else history.first


def _figures(found: Finding, now: Estimate, reference: Estimate, intervals: Sequence[str]) -> dict[str, Any]:
    fall = found.fall
    return {
        **now.as_dict(),
        "reference": reference.value,
        "p_value": fall.p_value,
        "allowed": found.allowed,
        "fall": fall.size,
        "fall_intervals": fall.intervals,
        "slice": found.slice,
        "intervals": list(intervals),
    }
