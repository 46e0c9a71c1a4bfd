"""Whether a mean has fallen since some interval: a scan of trailing windows against everything before them.

The newest 1, 2, 4, …, 32 intervals, and all since the promotion, are compared with what came before each of them: the
holdout, which made the promise, and the intervals in between. So the promise gets sharper with every interval that
keeps it, its own error counts, and a small fall that lasts adds up. Windows whose lengths double lose little power
against all lengths: T. L. Lai (1995), Sequential changepoint detection in quality control and dynamical systems,
Journal of the Royal Statistical Society B 57, 613–658, section 3. The level before the change is estimated, as in
D. M. Hawkins, P. Qiu, C. W. Kang (2003), The changepoint model for statistical process control, Journal of Quality
Technology 35, 355–366, who also set their limits so that the chance of a false alarm is known for every interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from sluss.statistics.dispersion import block_ratio, interval_ratio, steps_of
from sluss.statistics.proportions import normal_tail
from sluss.statistics.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOWS = (1, 2, 4, 8, 16, 32)  # intervals
_FAR = 3.7  # from this score on, the onsets of alarms by different windows begin to part


@dataclass(frozen=True, slots=True)
class Fall:
    """The trailing window with the strongest evidence of a fall."""

    intervals: int  # of the window
    now: Sample  # in it
    before: Sample  # the holdout, and the intervals before the window
    score: float  # difference of the means in standard errors
    p_value: float  # adjusted for all the windows

    @property
    def size(self) -> float:
        """Difference of the means; positive for a fall."""
        return self.before.mean - self.now.mean


def scan(promise: Sample, older: Sample, recent: Sequence[Sample], learned: Sequence[float] = ()) -> Fall | None:
    """Return the strongest evidence that the mean fell; None without units on either side.

    Args:
        promise: of the holdout.
        older: of the intervals since the promotion that come before `recent`.
        recent: of the newest intervals, in order; one without units counts for nothing.
        learned: the steps between the intervals of earlier versions; see `steps_of`.
    """
    found = [each for each in recent if each.units]
    sums = [promise, promise + older]
    for each in found:
        sums.append(sums[-1] + each)
    if not promise.units or sums[-1].units == promise.units:
        return None
    known, ratio = len(found), max(block_ratio(sums[-1]), interval_ratio([*learned, *steps_of(found)]))
    windows = [(length, _newest(found, length), sums[-1 - length]) for length in WINDOWS if length <= known]
    if older.units or known not in WINDOWS:
        windows.append((known + round(older.intervals), _newest(found, known) + older, promise))
    best = max(
        ((score(now, before, ratio), length, now, before) for length, now, before in windows),
        key=lambda each: each[0],
    )
    return Fall(*best[1:], best[0], adjusted(best[0], len(windows)))


def _newest(found: Sequence[Sample], length: int) -> Sample:
    return sum(found[len(found) - length :], Sample())


def adjusted(score: float, windows: int) -> float:
    """Return the chance that an interval without a fall *begins* an alarm at this score.

    The windows overlap, and most intervals with a large score follow one that had it already. By simulation, with any
    number of intervals and any size of the holdout, the chance of a beginning is (windows + 1) / 2 tails of the normal
    distribution at most up to a score of 3.7; from there on it approaches the sum of all tails, which bounds it
    (Bonferroni).
    """
    return min(1.0, normal_tail(score) * min(windows, (windows + 1) / 2 * max(1.0, score / _FAR)))


def score(now: Sample, before: Sample, ratio: float = 1.0) -> float:
    """Return the fall of the mean in standard errors, on the scale of the normal distribution.

    Both means are estimates. The score of a mean of few rare errors is skewed; the correction is the first term of its
    Edgeworth expansion: P. Hall (1992), On the removal of skewness by transformation, Journal of the Royal Statistical
    Society B 54, 221–228.

    Args:
        now: the newer units.
        before: those that they are compared with.
        ratio: by which dependence between units multiplies the variance.
    """
    units, fall = now.units + before.units, before.mean - now.mean
    # Within each side: the fall itself must not count as spread.
    variance = (now.deviations + before.deviations) / max(units - 2, 1)
    if variance <= 0:
        return 0.0 if fall <= 0 else 99.0
    spread = variance * (1 / now.units + 1 / before.units)
    found = fall / sqrt(spread * ratio)
    third = (now.cubed_deviations + before.cubed_deviations) / units
    skewness = third * (1 / before.units**2 - 1 / now.units**2) / spread**1.5
    return found - skewness * (found**2 - 1) / 6 if found > 1 else found
