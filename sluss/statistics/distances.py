"""Distances between an interval's values and the reference, with their p-values."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from sluss.statistics.distributions import OTHERS, fewest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sluss.arrays import Floats

_COCHRAN = 5  # W. G. Cochran (1954), Biometrics 10, 417–451: no expected count below this


def numeric_drift(reference: Floats, values: Floats, rows: tuple[int, int]) -> tuple[float, float]:
    """Return the two-sample Kolmogorov–Smirnov distance and its p-value, which ties make larger, never smaller.

    Both arrays are sorted: samples, or even grids of order statistics of that many `rows`. The p-value is Kolmogorov's
    limit with the correction for small samples of M. A. Stephens (1970), Journal of the Royal Statistical Society B 32,
    115–122.
    """
    import numpy as np
    from scipy.special import kolmogorov

    steps = np.concatenate([reference, values])
    below = np.searchsorted(reference, steps, side="right") / len(reference)
    distance = float(np.abs(below - np.searchsorted(values, steps, side="right") / len(values)).max())
    root = sqrt(rows[0] * rows[1] / (rows[0] + rows[1]))
    return distance, float(kolmogorov((root + 0.12 + 0.11 / root) * distance))


def category_drift(reference: Mapping[str, int], counts: Mapping[str, int]) -> tuple[float, float]:
    """Return how far two sets of counts of categories lie from each other, and the p-value of their difference.

    The distance is the total variation over the common categories, the rarer ones together and the new ones together,
    or the largest rise of one rare category, if that is larger. It has the scale of the Kolmogorov–Smirnov distance: it
    is the largest difference in the share of any set of categories. Pearson's chi-square test of homogeneity pools the
    categories that are too rare for it; `_of_rises` judges these one by one. Bonferroni joins both.

    Some rows always have a new category where many are rare: as large a share as that of the reference's rows whose
    category no other row has (I. J. Good, 1953, Biometrika 40, 237–264).
    """
    import numpy as np
    from scipy.stats import chi2_contingency

    names, least = sorted(reference.keys() | counts.keys()), fewest(reference)
    table = np.array([[side.get(name, 0) for name in names] for side in (reference, counts)], dtype=float)
    totals, others = table.sum(axis=1), np.array([name == OTHERS for name in names])
    few = others | (np.outer(totals, table.sum(axis=0)).min(axis=0) / totals.sum() < _COCHRAN)
    common, rare, single = table[:, ~few], table[:, few], ~others[few]
    pooled = np.column_stack([common, *([rare.sum(axis=1)] if rare.sum() else [])])
    # The continuity correction, for tables of two columns, would make the test conservative.
    of_common = float(chi2_contingency(pooled, correction=False).pvalue) if pooled.shape[1] > 1 else 1.0
    if not rare.sum():
        return _variation(pooled, totals), of_common
    new = np.array([rare[0, ~single | (rare[0] <= least)].sum(), rare[1, ~single | (rare[0] < least)].sum()])
    parted = np.column_stack([common, rare.sum(axis=1) - new, new])
    rare[0] = np.maximum(rare[0], least - 1)  # which a category among the others may have
    risen, of_rare = _of_rises(np.column_stack([rare[:, single], new]), totals)
    return max(_variation(parted, totals), risen), min(1.0, 2 * min(of_common, of_rare))


def _variation(table: Floats, totals: Floats) -> float:
    shares = table / totals[:, None]
    return float(abs(shares[0] - shares[1]).sum() / 2)


def _of_rises(cells: Floats, totals: Floats) -> tuple[float, float]:
    """Return the largest rise of a cell's share, and the p-value of the rises: Fisher's exact test, and Bonferroni."""
    from scipy.stats import hypergeom

    before, now = cells
    rises = now / totals[1] - before / totals[0]
    up = rises > 0
    if not up.any():
        return 0.0, 1.0
    chances = hypergeom.sf(now[up] - 1, totals.sum(), (before + now)[up], totals[1])
    return float(rises.max()), min(1.0, float(chances.min()) * len(rises))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that the probability of any false rejection stays below alpha, also for dependent tests.

    Source: S. Holm (1979), Scandinavian Journal of Statistics 6, 65–70.
    """
    adjusted = [1.0] * len(p_values)
    worst = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = worst
    return adjusted
