"""Comparisons with what was known before: values that changed, labels that point the other way, shares that moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from sluss.arrays import Floats

_FEWEST_TURNED = 5  # a few corrected labels prove nothing, also where they are most of a rare class
_CHANCE = 0.001


def changed(before: pd.Series[Any], now: pd.Series[Any], tolerance: float = 0.0) -> NDArray[np.bool_]:
    """Mark where two columns of n values differ; missing equals missing, numbers may differ by the tolerance."""
    import numpy as np
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    both_missing = (before.isna() & now.isna()).to_numpy()
    if is_numeric_dtype(before) and is_numeric_dtype(now) and not is_bool_dtype(before):
        one, other = before.to_numpy(dtype=float, na_value=np.nan), now.to_numpy(dtype=float, na_value=np.nan)
        alike = np.abs(one - other) <= tolerance + 1e-9 * np.maximum(np.abs(one), np.abs(other))
    else:
        alike = before.astype(str).to_numpy() == now.astype(str).to_numpy()
        alike &= before.notna().to_numpy() == now.notna().to_numpy()
    found: NDArray[np.bool_] = ~(alike | both_missing)
    return found


def turned_classes(
    classes: pd.Series[Any], turned: NDArray[np.bool_], limit: float
) -> dict[Any, tuple[int, int, bool]]:
    """Return for each class: its rows that turned, all its rows, and whether this is surely beyond the limit.

    It is sure if so many would turn in less than one case of a thousand, over all classes, where each row turns with
    the limit as its chance: the exact binomial bound of C. J. Clopper, E. S. Pearson (1934), Biometrika 26, 404–413.
    """
    from scipy.stats import binom

    found = {}
    counts = classes.groupby(classes).size()
    for name, rows in counts.items():
        events = int(turned[(classes == name).to_numpy()].sum())
        chance = float(binom.sf(events - 1, rows, limit)) * len(counts)
        found[name] = (events, int(rows), events >= _FEWEST_TURNED and events > limit * rows and chance < _CHANCE)
    return found


def agreement(scores: Floats, labels: Floats) -> float:
    """Return how far scores and labels agree beyond chance, in standard errors; below zero, they contradict.

    The sum of products of both, each centred, over its standard deviation when the labels are shuffled: A. Wald, J.
    Wolfowitz (1944), Statistical tests based on permutations of the observations, Annals of Mathematical Statistics 15.

    Args:
        scores: shape (n,) or, one column for each class, (n, k).
        labels: of the same shape; of classes, 1 in the column of the row's class.
    """

    one = scores.reshape(len(scores), -1) - scores.reshape(len(scores), -1).mean(axis=0)
    other = labels.reshape(len(labels), -1) - labels.reshape(len(labels), -1).mean(axis=0)
    # Variance of the sum over all permutations: the products of both covariances, summed over pairs of columns.
    variance = float(((one.T @ one) * (other.T @ other)).sum()) / max(len(scores) - 1, 1)
    return float((one * other).sum()) / variance**0.5 if variance > 0 else 0.0


def share_shift(shares: Floats, counts: Floats, new: tuple[float, float]) -> tuple[float, float]:
    """Return the factor by which the odds of an event changed, and by how many standard deviations.

    Args:
        shares: of the event in k intervals so far, shape (k,).
        counts: their rows.
        new: the share, and the rows, of what came after.
    """
    import numpy as np

    odds = _log_odds(shares * counts, counts)
    usual = float(_log_odds(np.array([(shares * counts).sum()]), np.array([counts.sum()]))[0])
    now = float(_log_odds(np.array([new[0] * new[1]]), np.array([new[1]]))[0])
    between = float(np.std(odds, ddof=1)) if len(odds) > 1 else 0.0
    sampling = sum(1 / max(rows * part, 0.5) for share, rows in (new, (float(shares.mean()), counts.sum()))
                   for part in (share, 1 - share))  # fmt: skip
    return float(np.exp(abs(now - usual))), abs(now - usual) / float(np.hypot(between, sampling**0.5))


def _log_odds(events: Floats, rows: Floats) -> Floats:
    """Half an event more on both sides keeps the logarithm finite: J. B. S. Haldane (1956), Annals of Eugenics 20."""
    import numpy as np

    odds: Floats = np.log((events + 0.5) / (rows - events + 0.5))
    return odds


def middle_shift(middles: Floats, spread: float, now: float) -> tuple[float, float]:
    """Return how far a median moved, in interquartile ranges and in standard deviations between intervals.

    Args:
        middles: medians of the intervals so far, shape (k,).
        spread: interquartile range of all their values.
        now: median of what came after.
    """
    import numpy as np

    distance = abs(now - float(np.median(middles)))
    between = float(np.std(middles, ddof=1)) if len(middles) > 1 else 0.0
    return distance / max(spread, 1e-300), distance / max(between, 1e-300)
