"""Distances between an interval's values and the reference, with their p-values."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

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
    """Return the total variation distance of two sets of counts, and the p-value of Pearson's chi-square test.

    The test of homogeneity pools categories that are too rare for it. Total variation has the scale of the
    Kolmogorov–Smirnov distance: it is the largest difference in the share of any set of categories.
    """
    import numpy as np
    from scipy.stats import chi2_contingency

    names = sorted(reference.keys() | counts.keys())
    table = np.array([[side.get(name, 0) for name in names] for side in (reference, counts)], dtype=float)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    rare = expected.min(axis=0) < _COCHRAN
    if rare.any():
        table = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return 0.0, 1.0
    shares = table / table.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    # The continuity correction, for tables of two columns, would make the test conservative.
    return distance, float(chi2_contingency(table, correction=False).pvalue)


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
