"""Charts of standardised differences: they see a severe change at once, and a small one once it lasts.

Each aspect is followed by three exponentially weighted means: of the newest interval alone, of about four, and of about
twenty (S. W. Roberts, 1959, Technometrics 1, 239–250). Each is compared with Student's t, whose degrees of
freedom are those of the noise between past intervals. The variance includes the uncertainty of the past mean, which all
intervals share, and the correlation of neighbours (W. Schmid, 1997, Frontiers in Statistical Quality Control 5, 38–46).

Guarantee: the p-value of each column is Bonferroni's over its aspects and charts, and Holm's procedure follows over the
columns. So an interval of a stable use case raises an alarm with probability alpha at most, however columns, aspects,
charts and intervals depend on each other, as far as differences between intervals are normal. By the union bound, the
expected number of alarms in T intervals is at most T · alpha.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.statistics.past_intervals import WEIGHTS, chart_noise, shared_inflation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sluss.arrays import Floats
    from sluss.statistics.past_intervals import Past

    Starts = NDArray[np.int64]

_LEVEL = 1  # the chart that gives the level of a change that lasts


@dataclass(frozen=True, slots=True)
class Charts:
    """The weighted means after some intervals."""

    means: Floats  # (aspects, charts)
    intervals: Floats  # (aspects,): how many they have seen
    scales: Floats  # (aspects,): the mean of the differences' scales, weighted as the chart that gives the level


def started(aspects: int) -> Charts:
    """Return charts that have seen nothing."""
    import numpy as np

    return Charts(np.zeros((aspects, len(WEIGHTS))), np.zeros(aspects), np.zeros(aspects))


def followed(charts: Charts, differences: Floats, scales: Floats) -> Charts:
    """Return the charts after one more interval; an aspect that it lacks, NaN, stays as it was.

    Args:
        charts: before the interval.
        differences: of the interval, in standard deviations.
        scales: the factors that turned them into these.
    """
    import numpy as np

    seen, weights, weight = ~np.isnan(differences), np.array(WEIGHTS), WEIGHTS[_LEVEL]
    means = (1 - weights) * charts.means + weights * np.nan_to_num(differences)[:, None]
    return Charts(
        np.where(seen[:, None], means, charts.means),
        charts.intervals + seen,
        np.where(seen, (1 - weight) * charts.scales + weight * scales, charts.scales),
    )


def p_values(charts: Charts, past: Past, phase: int, newest: Floats | None = None) -> Floats:
    """Return the two-sided p-values, shape (aspects, charts), in the phase of the newest interval.

    `newest` are the degrees of freedom of its own noise, which the first chart has alone, if they differ.
    """
    import numpy as np
    from scipy.special import stdtr

    weights, count = np.array(WEIGHTS), charts.intervals[:, None]
    shared = (shared_inflation(past.slow) / np.maximum(past.intervals, 1.0))[:, None]
    column = phase if phase < past.uncertainty.shape[1] else 0
    # The mean of a phase is less certain than that of all intervals; the difference is new in each phase.
    own = np.maximum(past.uncertainty[:, column] - 1 / np.maximum(past.intervals, 1.0), 0.0)[:, None]
    variance = chart_noise(weights, count, past.slow[:, None]) * (1 + own) + (1 - (1 - weights) ** count) ** 2 * shared
    t = np.abs(charts.means) / np.sqrt(np.maximum(variance, 1e-12)) / past.tails
    freedom = np.repeat(past.freedom[:, None], len(WEIGHTS), axis=1)
    freedom[:, 0] = past.freedom if newest is None else newest
    found: Floats = np.where(count > 0, 2 * stdtr(np.maximum(freedom, 1.0), -t), 1.0)
    return found


def jumps(charts: Charts, differences: Floats, scales: Floats) -> Floats:
    """Return how far an interval lies from the level of the charts, in its own standard deviations.

    A lasting change of an interval of more rows is more standard deviations, and no further change.
    """
    found: Floats = differences - level(charts) * scales
    return found


def jump_p_values(charts: Charts, jumped: Floats, scales: Floats, past: Past, noise: Floats) -> Floats:
    """Return the two-sided p-values of jumps from the level of the charts, shape (aspects,).

    The past mean cancels, so only the noise of the newest interval and that of the level count.

    Args:
        charts: before the interval.
        jumped: as `jumps` returns it.
        scales: of the interval.
        past: of all columns.
        noise: how many times larger the variance of a row is than in the past.
    """
    import numpy as np
    from scipy.special import stdtr

    seen = (charts.intervals > 0) & ~np.isnan(jumped)
    of_level = chart_noise(np.array(WEIGHTS[_LEVEL]), charts.intervals, past.slow)
    of_level = of_level * (scales / _known(charts)) ** 2
    t = np.abs(jumped) / np.sqrt((1 + of_level) * noise) / past.tails[:, 0]
    found: Floats = np.where(seen, 2 * stdtr(np.maximum(past.freedom, 1.0), -t), 1.0)
    return found


def by_column(p_values: Floats, starts: Starts, tests: int) -> Floats:
    """Return Bonferroni's p-value of each column over its aspects and the tests of each.

    Args:
        p_values: the smallest of each aspect's p-values, one column after the other.
        starts: the place of each column's first aspect, ascending.
        tests: how many tests each aspect had.
    """
    import numpy as np

    aspects = np.diff(np.append(starts, len(p_values)))
    found: Floats = np.minimum(1.0, np.minimum.reduceat(p_values, starts) * aspects * tests)
    return found


def level(charts: Charts) -> Floats:
    """Return the present level of each aspect: its mean difference over about the last four intervals.

    Both means lack the weight of intervals before the first, which cancels.
    """
    found: Floats = charts.means[:, _LEVEL] / _known(charts)
    return found


def _known(charts: Charts) -> Floats:
    """Return the scales; of charts that have seen nothing, infinity, which makes their level 0."""
    import numpy as np

    found: Floats = np.where(charts.scales > 0, charts.scales, np.inf)
    return found
