"""Metrics of predicted numbers and of predicted quantiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.problems.metrics import Judged, Measured, mean_of, ratio_of

if TYPE_CHECKING:
    from sluss.arrays import Floats


def absolute_errors(judged: Judged) -> Floats:
    """In the target's unit."""
    import numpy as np

    errors: Floats = np.abs(judged.predicted - judged.labels)
    return errors


def mae(judged: Judged) -> Measured | None:
    """Mean absolute error."""
    return mean_of(absolute_errors(judged))


def rmse(judged: Judged) -> Measured | None:
    """Root mean squared error; its influences are those of the mean square over twice the root."""
    found = mean_of(absolute_errors(judged) ** 2)
    if found is None or found.influence is None:
        return None
    root = float(found.value**0.5)
    return Measured(root, found.influence / (2 * root) if root else found.influence)


def relative_errors(judged: Judged) -> Floats:
    """Absolute errors as shares of the labels, as scikit-learn takes them."""
    import numpy as np

    return absolute_errors(judged) / np.maximum(np.abs(judged.labels), np.finfo(float).eps)


def mape(judged: Judged) -> Measured | None:
    """Mean absolute percentage error, as a share."""
    return mean_of(relative_errors(judged))


def r2(judged: Judged) -> Measured | None:
    """The share of the variance that is explained."""
    return _explained(judged, 2)


def d2(judged: Judged) -> Measured | None:
    """The share of the median's absolute error that is gone."""
    return _explained(judged, 1)


def _explained(judged: Judged, power: int) -> Measured | None:
    """The share of the best constant's loss that is gone, 1 - A / B: with squared or with absolute losses.

    The constant is the mean or the median of these very labels, where B is the least, so that it is estimated too adds
    nothing to the first order.
    """
    import numpy as np

    labels = judged.labels
    if not len(labels) or labels.min() == labels.max() or not np.isfinite(judged.predicted).all():
        return None
    centre = np.mean(labels) if power == 2 else np.median(labels)
    found = ratio_of(absolute_errors(judged) ** power, np.abs(labels - centre) ** power)
    if found is None or found.influence is None:
        return None
    return Measured(1 - found.value, -found.influence)


def pinball_losses(judged: Judged, quantiles: tuple[float, ...]) -> Floats:
    """The mean over the quantiles, a row each: R. Koenker, G. Bassett (1978), Econometrica 46, 33–50."""
    import numpy as np

    levels = np.array(quantiles)
    under: Floats = np.asarray(judged.labels, dtype=float)[:, None] - judged.scores
    losses: Floats = np.maximum(levels * under, (levels - 1) * under).mean(axis=1)
    return losses


def interval_scores(judged: Judged, quantiles: tuple[float, ...]) -> Floats:
    """Of the outermost two quantiles: the width, and a penalty for labels outside that grows with their distance.

    Source: T. Gneiting, A. E. Raftery (2007), Journal of the American Statistical Association 102, 359–378, eq. 43,
    here for two levels that need not be symmetrical.
    """
    import numpy as np

    low, high = judged.scores[:, 0], judged.scores[:, -1]
    below = np.maximum(low - judged.labels, 0) / quantiles[0]
    above = np.maximum(judged.labels - high, 0) / (1 - quantiles[-1])
    scores: Floats = high - low + below + above
    return scores


def covered(judged: Judged) -> Floats:
    """Whether each label is within the outermost quantiles."""
    inside: Floats = ((judged.labels >= judged.scores[:, 0]) & (judged.labels <= judged.scores[:, -1])).astype(float)
    return inside
