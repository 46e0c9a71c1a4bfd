"""How far intervals lie from each other without a change, and the test of a new interval against that.

Rows of one interval may come in clumps, follow the day of the week or wander together, so a test that takes them for
independent alarms on stable data. Here an interval is one observation of each aspect of a column (see `aspects`), and
its noise is measured between past intervals. That noise has a part that shrinks with the rows of an interval and one
that does not. An interval of more rows than usual is judged as if none of it shrank; `within_intervals` judges those of
fewer rows. So neither is taken for a change whatever the parts are.

The noise between intervals, `variance`, is that of a single row, such that an interval of n usual rows has the variance
`variance / n`. It is at least that of independent rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sluss.arrays import Floats

    Bools = NDArray[np.bool_]
    Phases = NDArray[np.int64]

WEIGHTS = (1.0, 0.4, 0.1)  # of the newest interval in each chart
FEWEST = 8  # intervals; from fewer, the noise is known too badly
_SEASON_CHANCE = 0.01  # of taking noise for a season
_SEASON_FREEDOM = 7  # degrees of freedom that a season has to leave
PERSISTENCE = 0.95  # of what wanders, from one interval to the next: the slowest that a test allows for
_SLOW = 2.6  # standard errors of a correlation: one of two hundred aspects without wander is taken for wandering
_FARTHER = 0.05  # of normal noise lies farther than the farthest that is taken for normal
_FEWEST_FREEDOM = 7  # as of the fewest intervals: even where data wander widely, a severe change is found
_TINY = 1e-300
_BY_PHASE = ("means", "uncertainty")


@dataclass(frozen=True, slots=True)
class Past:
    """Past intervals; each array has one entry, or one row, for each aspect."""

    means: Floats  # (aspects, phases): by phase of the season; one column where there is no season
    uncertainty: Floats  # of that shape: variance of a mean relative to that of one interval
    variance: Floats  # of one row
    rows: Floats  # usual rows of an interval
    intervals: Floats  # how many there were, in effect
    freedom: Floats  # degrees of freedom of the variance
    slow: Floats  # share of the variance that wanders slowly; 0 where it may be chance
    tails: Floats  # (aspects, charts): by how much the farthest of them lie farther than normal noise; at least 1
    floor: Floats  # variance of one row if rows are independent
    within: Floats  # variance of one row, measured within intervals; 0 where it is not known
    within_freedom: Floats  # its degrees of freedom


@dataclass(frozen=True, slots=True)
class _Moments:
    """Weighted means of some intervals and the squares that they leave."""

    means: Floats  # (aspects, phases)
    effective: Floats  # (aspects, phases): intervals behind each mean
    squares: Floats  # (aspects,)

    @property
    def freedom(self) -> Floats:
        import numpy as np

        left: Floats = np.maximum(self.effective.sum(axis=1) - self.means.shape[1], 0.0)
        return left


def fit(values: Floats, rows: Floats, phases: Phases, floor: Floats, aspects: int) -> Past:
    """Learn the noise between past intervals.

    Args:
        values: the aspects of each interval in their order, shape (intervals, aspects).
        rows: the rows behind each, of the same shape; 0 where an interval lacks the column.
        phases: the phase of each interval in the season, from 0.
        floor: the variance of one row if rows are independent, shape (aspects,).
        aspects: how many of them each column has. A column that wanders does so in all of them.
    """
    import numpy as np

    alike = np.zeros_like(phases)
    plain = _moments(values, rows, alike)
    found, at = plain, alike
    if len(phases) and phases.max() > 0:
        seasonal = _moments(values, rows, phases)
        chosen = _is_seasonal(plain, seasonal, floor)
        if chosen.any():
            found, at = _either(chosen, seasonal, plain), phases
    freedom = np.maximum(_chosen_freedom(found), 0.0)
    effective = plain.effective[:, 0]
    residuals = np.where(rows > 0, (values - found.means[:, at].T) * np.sqrt(rows), 0.0)
    measured = found.squares / np.maximum(freedom, 1e-9)
    # The variance is at least that of independent rows, of which an aspect that hardly moves makes a small part.
    share = _slow_share(residuals) * np.minimum(measured / floor, 1.0)
    slow = np.repeat(share.reshape(-1, aspects).max(axis=1), aspects)
    freedom, variance = _of_wander(freedom, measured, slow)
    variance = np.maximum(variance, floor)
    return Past(
        means=found.means,
        uncertainty=1 / np.maximum(found.effective, 1.0),
        variance=variance,
        rows=rows.sum(axis=0) / np.maximum((rows > 0).sum(axis=0), 1),
        intervals=effective,
        freedom=freedom,
        slow=slow,
        tails=_tails(residuals / np.sqrt(variance), slow),
        floor=floor,
        within=np.zeros_like(floor),
        within_freedom=np.zeros_like(floor),
    )


def _moments(values: Floats, rows: Floats, phases: Phases) -> _Moments:
    """Weigh by rows: where noise between intervals dominates, that overstates it, and never understates it."""
    import numpy as np

    member = (phases[None, :] == np.arange(phases.max(initial=0) + 1)[:, None]).astype(float)
    total, square = member @ rows, member @ rows**2
    means = member @ (rows * values) / np.maximum(total, _TINY)
    squares = (rows * (values - means[phases]) ** 2).sum(axis=0)
    return _Moments(means.T, (total**2 / np.maximum(square, _TINY)).T, squares)


def _is_seasonal(plain: _Moments, seasonal: _Moments, floor: Floats) -> Bools:
    """F test of the season, where each phase was seen at least twice.

    The noise counts as at least that of independent rows. A column that never changed would have a season of rounding
    errors otherwise, whose phases leave too few degrees of freedom to see any change.
    """
    import numpy as np
    from scipy.special import fdtrc

    phases, left = seasonal.means.shape[1], seasonal.freedom
    explained = np.maximum(plain.squares - seasonal.squares, 0.0) / (phases - 1)
    ratio = explained / np.maximum(seasonal.squares / np.maximum(left, 1.0), floor)
    p_values = fdtrc(phases - 1, np.maximum(left, 1.0), ratio)
    # Nearly two: intervals of unequal rows count a little less than one each.
    twice = seasonal.effective.min(axis=1) > 1.5
    found: Bools = twice & (left >= _SEASON_FREEDOM) & (p_values < _SEASON_CHANCE)
    return found


def _either(chosen: Bools, first: _Moments, second: _Moments) -> _Moments:
    import numpy as np

    column = chosen[:, None]
    return _Moments(
        np.where(column, first.means, second.means),
        np.where(column, first.effective, second.effective),
        np.where(chosen, first.squares, second.squares),
    )


def _chosen_freedom(found: _Moments) -> Floats:
    import numpy as np

    # Without a season, each phase has the mean of all intervals.
    alike = (found.means == found.means[:, :1]).all(axis=1)
    without: Floats = found.effective[:, 0] - 1
    left: Floats = np.where(alike, without, found.freedom)
    return left


def _slow_share(residuals: Floats) -> Floats:
    """Share of the variance that wanders, from the correlation of neighbours, corrected for its bias.

    The correlation of an autoregression with noise falls as slowly as that of the autoregression, so it is taken for
    such a sum, and not for a pure autoregression, which would forget sooner.

    Source of the bias: M. G. Kendall (1954), Biometrika 41, 403–404.
    """
    import numpy as np

    count = np.maximum((residuals != 0).sum(axis=0), 1)
    products = (residuals[1:] * residuals[:-1]).sum(axis=0)
    found = products / np.maximum((residuals**2).sum(axis=0), _TINY)
    share = np.minimum((found + (1 + 3 * found) / count) / PERSISTENCE, 1.0)
    slow: Floats = np.where(found > _SLOW / np.sqrt(count), share, 0.0)
    return slow


def _of_wander(freedom: Floats, variance: Floats, slow: Floats) -> tuple[Floats, Floats]:
    """Correct degrees of freedom and variance for neighbours that are alike.

    Source: G. V. Bayley, J. M. Hammersley (1946), Journal of the Royal Statistical Society Supplement 8, 184–197.
    """
    import numpy as np

    squared = PERSISTENCE**2 / (1 - PERSISTENCE**2)
    left = np.maximum(freedom / (1 + 2 * squared * slow**2), np.minimum(freedom, _FEWEST_FREEDOM))
    hidden = shared_inflation(slow) / np.maximum(freedom + 1, 1.0)  # the part of the variance that their mean follows
    return left, np.where(slow > 0, variance / np.maximum(1 - hidden, 0.5), variance)


def _tails(differences: Floats, slow: Floats) -> Floats:
    """Compare the farthest point of each chart over the past intervals with that of normal noise.

    Wander, seasons that were not found and single odd intervals make tails longer than Student's.
    """
    import numpy as np
    from scipy.special import ndtri

    means, farthest = np.zeros((len(slow), len(WEIGHTS))), np.zeros((len(slow), len(WEIGHTS)))
    weights = np.array(WEIGHTS)
    for count, each in enumerate(differences, 1):
        means = (1 - weights) * means + weights * each[:, None]
        farthest = np.maximum(farthest, np.abs(means) / np.sqrt(chart_noise(weights, np.array(count), slow[:, None])))
    usual = -ndtri(_FARTHER / 2 / max(len(differences), 1))  # two sides, Bonferroni over the intervals
    tails: Floats = np.maximum(farthest / usual, 1.0)
    return tails


def chart_noise(weights: Floats, count: Floats, slow: Floats) -> Floats:
    """Return the variance of the charts after some intervals, for differences whose share `slow` wanders."""
    found: Floats = weights / (2 - weights) * (1 - (1 - weights) ** (2 * count))
    kept = (1 - weights) * PERSISTENCE
    return found * (1 + slow * ((1 + kept) / (1 - kept) - 1))


def shared_inflation(slow: Floats) -> Floats:
    """Return the factor by which wander raises the variance of the mean of many intervals."""
    inflation: Floats = 1 + slow * ((1 + PERSISTENCE) / (1 - PERSISTENCE) - 1)
    return inflation


def joined(parts: Sequence[Past]) -> Past:
    """Join the aspects of several columns."""
    import numpy as np

    phases = max(part.means.shape[1] for part in parts)
    found = {
        name: np.concatenate(
            [np.broadcast_to(getattr(part, name), (len(part.floor), phases)) for part in parts]
            if name in _BY_PHASE
            else [getattr(part, name) for part in parts]
        )
        for name in Past.__slots__
    }
    return Past(**found)


def standardised(past: Past, values: Floats, rows: Floats, phase: int) -> Floats:
    """Return the differences of an interval's aspects from the past means, in standard deviations of an interval."""
    found: Floats = (values - past.means[:, _column(past, phase)]) * scales(past, rows)
    return found


def scales(past: Past, rows: Floats) -> Floats:
    """Return the factors that turn a difference into standard deviations of an interval of so many rows."""
    import numpy as np

    found: Floats = np.sqrt(np.clip(rows, 1, past.rows) / past.variance)
    return found


def _column(past: Past, phase: int) -> int:
    return phase if phase < past.means.shape[1] else 0
