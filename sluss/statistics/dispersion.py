"""How much more the means of parts differ than their units explain, because units of one part depend on each other.

The variance of a mean is multiplied by this ratio: P. McCullagh, J. A. Nelder (1989), Generalized Linear Models, 2nd
edition, section 4.5. A fall must not count as dispersion, or it would hide itself: blocks are compared within their
interval, and intervals with the one before them, so that a level that changes counts once and is trimmed away.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.statistics.sample import Sample

FEWEST = 4  # steps between intervals; fewer tell nothing
_TRIMMED = 0.2  # share of the largest steps that is left out
_MEAN = 0.440  # of the other steps, if they are squares of normal variables: 80 % of chi-square with one degree
# By simulation for 4 to 60 steps, the 99 % point of their mean is 1 + (5.6 + 14 / steps) / √steps times that.
_SPREAD, _FEW = 5.6, 14.0
_Z99 = 2.326347874  # the normal distribution's one-sided 99 % point


def steps_of(samples: Sequence[Sample]) -> list[float]:
    """Return, for each interval but the first, the squared step of the mean from the one before, in its variance.

    With independent units, each is the square of a standard normal variable.
    """
    found = []
    for one, next_one in pairwise(samples):
        freedom = one.units + next_one.units - 2
        variance = (one.deviations + next_one.deviations) / freedom if freedom > 0 else 0.0
        if variance > 0:
            spread = variance * (1 / one.units + 1 / next_one.units)
            found.append((next_one.mean - one.mean) ** 2 / spread)
    return found


def interval_ratio(steps: Sequence[float]) -> float:
    """Return the ratio between intervals; 1 where chance explains the steps (99 %), or there are too few.

    A ratio that is estimated from few intervals is above 1 in every other case, and would cost power in each of them.
    """
    if len(steps) < FEWEST:
        return 1.0
    kept = sorted(steps)[: len(steps) - ceil(len(steps) * _TRIMMED)]
    ratio = sum(kept) / len(kept) / _MEAN
    return ratio if ratio > 1 + (_SPREAD + _FEW / len(steps)) / sqrt(len(steps)) else 1.0


def block_ratio(sample: Sample) -> float:
    """Return the ratio between blocks of units that follow each other in an interval; 1 where chance explains it.

    This is the method of batch means: A. M. Law, J. S. Carson (1979), Operations Research 27, 1011–1025.
    """
    freedom = sample.blocks - sample.intervals
    within = sample.squares - sample.between_blocks
    if freedom < 1 or within <= 0:
        return 1.0
    squares = (sample.between_blocks - sample.between_intervals) / (within / (sample.units - sample.blocks))
    # The 99 % point of chi-square: E. B. Wilson, M. M. Hilferty (1931), PNAS 17, 684–688.
    part = 2 / (9 * freedom)
    beyond_chance = squares > freedom * (1 - part + _Z99 * sqrt(part)) ** 3
    return max(1.0, squares / freedom) if beyond_chance else 1.0
