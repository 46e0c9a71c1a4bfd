"""A test for a falling trend: Mann–Kendall's test and Sen's slope."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from math import factorial, sqrt
from typing import TYPE_CHECKING

from sluss.statistics.proportions import normal_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXACT = 10  # up to here the normal approximation is poor: M. G. Kendall (1975), Rank Correlation Methods, ch. 4


@dataclass(frozen=True, slots=True)
class Trend:
    """Length, p-value and slope of a series."""

    n: int
    p_falling: float
    slope: float  # per step; the median of all pairwise slopes: P. K. Sen (1968), JASA 63, 1379–1389

    @property
    def fall(self) -> float:
        """The fall from the first to the last step along Sen's slope; 0 for a rising series."""
        return max(0.0, -self.slope * (self.n - 1))


def mann_kendall(values: Sequence[float]) -> Trend:
    """One-sided test for a falling trend, without an assumption on the distribution and robust against outliers.

    Exact for up to ten values without ties; else normal with ties and continuity correction, which scipy's test lacks.
    Source: H. B. Mann (1945), Econometrica 13, 245–259; M. G. Kendall (1975), Rank Correlation Methods, chapters 4, 5.
    """
    from scipy.stats import kendalltau, theilslopes

    n = len(values)
    if n < 2:
        return Trend(n, 1.0, 0.0)
    ties = [count for count in Counter(values).values() if count > 1]
    if ties or n > _EXACT:
        p_value = _normal(values, ties)
    else:
        p_value = float(kendalltau(range(n), values, method="exact", alternative="less").pvalue)
    return Trend(n, p_value, float(theilslopes(values).slope))


def smallest_p(n: int) -> float:
    """Return the smallest possible p-value of a series of length n: that of n strictly falling values."""
    return 1 / factorial(n)


def _normal(values: Sequence[float], ties: Sequence[int]) -> float:
    n, score = len(values), sum((b > a) - (b < a) for a, b in combinations(values, 2))
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    if variance <= 0 or score == 0:
        return 1.0 if variance <= 0 else 0.5
    return normal_tail(-(score + (1 if score < 0 else -1)) / sqrt(variance))
