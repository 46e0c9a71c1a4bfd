"""The columns of an interval judged by past intervals, with the state that the next interval needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sluss.monitoring.past import anchor, of_part, read
from sluss.monitoring.watch import ENOUGH, Borrowed, Column, Watch, with_noise_since
from sluss.statistics import aspects
from sluss.statistics import charts as charting
from sluss.statistics.charts import Charts
from sluss.statistics.distances import holm
from sluss.statistics.figures import SCORE
from sluss.statistics.past_intervals import FEWEST, WEIGHTS, Past, joined, scales, standardised
from sluss.statistics.within_intervals import with_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sluss.arrays import Floats
    from sluss.config.use_case import UseCase
    from sluss.statistics.charts import Starts
    from sluss.statistics.distributions import Distribution

_CHANCE = 0.05  # an interval with a smaller p-value is not taken for stable
_TYPICAL = 0.9  # the noise that a column without past intervals borrows: that of the noisier columns


@dataclass(frozen=True)
class Seen:
    """Distributions of the reference and of an interval, and the distance between them, by column."""

    reference: Mapping[str, Distribution]
    parts: Mapping[str, Distribution]
    distances: Mapping[str, float]


@dataclass(frozen=True)
class Judged:
    """p-values of the columns that past intervals can judge, and the state after the interval."""

    p_values: Mapping[str, float]
    watch: Watch
    changed_again: bool
    worth: float = 1.0  # of a row of scores, compared with an independent one


@dataclass(frozen=True)
class _Aspects:
    """One column of the interval: its aspects, its rows, its state and its past."""

    name: str
    values: Floats
    rows: float
    spread: Floats  # variance of one row of the interval
    state: Column
    past: Past


def judge(use_case: UseCase, past: Mapping[str, Any], seen: Seen, watch: Watch, now: tuple[bool, int]) -> Judged:
    """Judge the columns of an interval.

    Args:
        use_case: gives the chance of a false alarm and the distance that counts.
        past: the past intervals of the profile.
        seen: the interval.
        watch: the state after the interval before.
        now: whether `data_drift` is on, and the phase of the season.
    """
    active, phase = now
    columns = _columns(past, seen, watch)
    known = _with_noise(columns)
    if not known:
        return Judged({}, _followed(watch, columns, {}, stable=False), changed_again=False)
    table = _table(known, phase)
    differences, scales, old = table.differences(), table.scales, table.charts()
    new = charting.followed(old, differences, scales)
    limits = (use_case.chance("data_drift"), use_case.monitoring.drift_distance)
    changed_again = active and table.jumped(old, differences, limits)
    p_values = table.p_values(new)
    if changed_again or (not active and table.is_severe(new, seen.distances, limits)):
        # The charts begin anew with the interval of a change, so that its level is known and its end is seen at once.
        new = charting.followed(charting.started(len(differences)), differences, scales)
        p_values = table.p_values(new)
    stable = not active and min(holm(list(p_values.values()))) >= _CHANCE
    after = _followed(watch, columns, table.split(new), stable=stable)
    return Judged(p_values, after, changed_again, _worth(known))


def _columns(past: Mapping[str, Any], seen: Seen, watch: Watch) -> list[_Aspects]:
    found = []
    for name, part in seen.parts.items():
        values, rows = of_part(name, seen.reference[name], part)
        content = past.get("columns", {}).get(name)
        usual = read(content, seen.reference[name]) if content else anchor(name, seen.reference[name])
        spread = aspects.spread(seen.reference[name], part, len(values))
        found.append(_Aspects(name, values, rows, spread, watch.of(name, len(values)), usual))
    return found


def _with_noise(columns: Sequence[_Aspects]) -> list[_Aspects]:
    """Return the columns whose noise is known or can be borrowed."""
    borrowed = _borrowed(columns)
    pasts = [with_noise_since(each.past, each.state.since, borrowed) for each in columns]
    return [replace(each, past=past) for each, past in zip(columns, pasts, strict=True) if past is not None]


def _worth(known: Sequence[_Aspects]) -> float:
    """Return how much a row of scores is worth, compared with an independent one."""
    found = [each for each in known if each.name == SCORE]
    if not found:
        return 1.0
    [score] = found
    noise = float((score.past.variance / score.past.floor).max())
    return min(1.0, float(score.past.rows.max()) / max(score.rows, 1.0)) / noise


def _borrowed(columns: Sequence[_Aspects]) -> Borrowed | None:
    import numpy as np

    donors = [each.past for each in columns if each.past.intervals.min() >= FEWEST]
    if not donors:
        return None
    ratios = np.concatenate([past.variance / past.floor for past in donors])
    freedom, rows = (np.concatenate([getattr(past, name) for past in donors]) for name in ("freedom", "rows"))
    return Borrowed(float(np.quantile(ratios, _TYPICAL)), float(np.median(freedom)), float(np.median(rows)))


@dataclass(frozen=True)
class _Table:
    """The aspects of all columns, one after the other."""

    columns: Sequence[_Aspects]
    past: Past
    freedom: Floats  # of the noise of the interval alone
    phase: int

    @property
    def rows(self) -> Floats:
        """The rows behind each aspect."""
        import numpy as np

        return np.concatenate([np.full(len(each.values), each.rows) for each in self.columns])

    @property
    def starts(self) -> Starts:
        """The place of each column's first aspect."""
        import numpy as np

        return np.cumsum([0, *(len(each.values) for each in self.columns[:-1])])

    @property
    def scales(self) -> Floats:
        """The factors that turn differences into standard deviations of the interval."""
        return scales(self.past, self.rows)

    def differences(self) -> Floats:
        """The standardised differences of the interval."""
        import numpy as np

        values = np.concatenate([each.values for each in self.columns])
        return standardised(self.past, values, self.rows, self.phase)

    def charts(self) -> Charts:
        """The charts before the interval."""
        import numpy as np

        before = [each.state.charts for each in self.columns]
        joined_: Mapping[str, Floats] = {
            name: np.concatenate([getattr(each, name) for each in before]) for name in Charts.__slots__
        }
        return Charts(**joined_)

    def split(self, charts: Charts) -> dict[str, Charts]:
        """Part the charts by column."""
        import numpy as np

        ends = self.starts[1:]
        parts = zip(*(np.split(getattr(charts, name), ends) for name in Charts.__slots__), strict=True)
        return {each.name: Charts(*part) for each, part in zip(self.columns, parts, strict=True)}

    def p_values(self, charts: Charts) -> dict[str, float]:
        """The p-value of each column by all charts."""
        return self._named(charting.p_values(charts, self.past, self.phase, self.freedom).min(axis=1), len(WEIGHTS))

    def is_severe(self, charts: Charts, distances: Mapping[str, float], limits: tuple[float, float]) -> bool:
        """Whether the newest interval alone is a change."""
        alone = self._named(charting.p_values(charts, self.past, self.phase, self.freedom)[:, 0], len(WEIGHTS))
        alpha, least = limits
        adjusted = dict(zip(alone, holm(list(alone.values())), strict=True))
        return any(p_value < alpha and distances[name] >= least for name, p_value in adjusted.items())

    def jumped(self, charts: Charts, differences: Floats, limits: tuple[float, float]) -> bool:
        """Whether the interval differs from the level before it, by as much as counts."""
        import numpy as np

        alpha, least = limits
        jumped = charting.jumps(charts, differences, self.scales)
        noise = np.maximum(np.concatenate([each.spread for each in self.columns]) / self.past.variance, 1.0)
        p_values = self._named(charting.jump_p_values(charts, jumped, self.scales, self.past, noise), 1)
        moved = np.maximum.reduceat(np.abs(jumped) / self.scales, self.starts)
        return any(p < alpha and size >= least for p, size in zip(holm(list(p_values.values())), moved, strict=True))

    def _named(self, p_values: Floats, tests: int) -> dict[str, float]:
        found = charting.by_column(p_values, self.starts, tests)
        return {each.name: float(p_value) for each, p_value in zip(self.columns, found, strict=True)}


def _table(columns: Sequence[_Aspects], phase: int) -> _Table:
    """Join columns to a table, with the noise of an interval of so many rows."""
    import numpy as np

    past = joined([each.past for each in columns])
    counts = [len(each.values) for each in columns]
    rows = np.repeat([each.rows for each in columns], counts)
    return _Table(columns, *with_rows(past, rows, counts), phase)


def _followed(watch: Watch, columns: Sequence[_Aspects], charts: Mapping[str, Charts], *, stable: bool) -> Watch:
    """Return the state after the interval; columns that it lacks keep theirs."""
    found = dict(watch.columns)
    for each in columns:
        since, known = each.state.since, each.past.intervals.min() + each.state.since.effective
        # The first intervals count whatever they are, or an alert of the row-wise test would keep them out for ever.
        if known < FEWEST or (stable and known < ENOUGH):
            since = since.with_interval(each.values, each.rows)
        found[each.name] = Column(charts.get(each.name, each.state.charts), since)
    return Watch(found)
