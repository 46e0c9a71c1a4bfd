"""Shares of rows: their intervals and their one-sided comparison."""

from __future__ import annotations

from math import acos, cos, erfc, pi, sqrt

Z95 = 1.959963984540054  # the normal distribution's two-sided 95 % point


def normal_tail(z: float) -> float:
    """P(Z ≥ z) of the standard normal distribution."""
    return 0.5 * erfc(z / sqrt(2))


def wilson(successes: int, n: int) -> tuple[float, float]:
    """95 % score interval of a share; keeps its coverage near 0 and 1 and for few rows.

    Source: E. B. Wilson (1927), Journal of the American Statistical Association 22, 209–212.
    """
    from scipy.stats import binomtest

    if n <= 0:
        return 0.0, 1.0
    interval = binomtest(successes, n).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def exceeds(high: tuple[float, float], low: tuple[float, float], margin: float = 0.0) -> float:
    """One-sided p-value of H0: share of `high` − share of `low` ≤ margin, each given as (successes, rows).

    Both shares are estimated, so the holdout's own uncertainty counts. The variance is taken under H0.

    Source: C. P. Farrington, G. Manning (1990), Statistics in Medicine 9, 1447–1454.
    """
    (x1, n1), (x0, n0) = high, low
    if n1 <= 0 or n0 <= 0:
        return 1.0
    p0 = _restricted_share(high, low, margin)
    p1 = min(max(p0 + margin, 0.0), 1.0)
    variance = p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0
    distance = x1 / n1 - x0 / n0 - margin
    if variance <= 0:
        return 1.0 if distance <= 0 else 0.0
    return normal_tail(distance / sqrt(variance))


def _restricted_share(high: tuple[float, float], low: tuple[float, float], margin: float) -> float:
    """The lower share's maximum-likelihood estimate when the shares differ by exactly `margin`.

    Source: O. Miettinen, M. Nurminen (1985), Statistics in Medicine 4, 213–226, appendix I.
    """
    (x1, n1), (x0, n0) = high, low
    rows, successes = n1 + n0, x1 + x0
    a = rows
    b = (n1 + 2 * n0) * margin - rows - successes
    c = (n0 * margin - rows - 2 * x0) * margin + successes
    d = x0 * margin * (1 - margin)
    v = (b / (3 * a)) ** 3 - b * c / (6 * a * a) + d / (2 * a)
    u = sqrt(max((b / (3 * a)) ** 2 - c / (3 * a), 0.0))
    u = u if v > 0 else -u
    angle = (pi + acos(max(-1.0, min(1.0, v / u**3 if u else 0.0)))) / 3
    return min(max(2 * u * cos(angle) - b / (3 * a), 0.0), 1.0 - margin)
