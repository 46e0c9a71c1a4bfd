"""Metrics on labelled rows with their intervals, and whether one fell below the holdout's."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TYPE_CHECKING

from sluss.statistics.figures import Estimate
from sluss.statistics.proportions import Z95, exceeds, normal_tail, wilson

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluss.arrays import Floats, Labels

METRIC_NAMES: dict[str, str] = {
    "accuracy": "Accuracy",
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "r2": "R²",
    "d2_absolute_error_score": "D² of the absolute error",
}


def estimate(metric: str, scores: Floats, labels: Labels) -> Estimate | None:
    """The metric with its interval; None where the rows do not define it, such as an AUC of one class."""
    return _ESTIMATES[metric](metric, scores, labels)


def fallen(now: Estimate, reference: Estimate, drop: float) -> float:
    """One-sided p-value of H0: the metric is not more than `drop` below the reference's. Both are estimates."""
    if now.metric == "accuracy":
        holdout, recent = ((side.value * side.trials, side.trials) for side in (reference, now))
        return exceeds(holdout, recent, drop)
    error = sqrt(_standard_error(now) ** 2 + _standard_error(reference) ** 2)
    return normal_tail((reference.value - drop - now.value) / error) if error else 1.0


def _explained(metric: str, scores: Floats, labels: Labels) -> Estimate | None:
    """The share of the best constant's loss that is gone, 1 - A / B: R² with squared losses, D² with absolute ones.

    A and B are sums over the same rows, so their ratio's standard error is that of the linearised ratio: W. G. Cochran
    (1977), Sampling Techniques, 3rd edition, section 2.11. The constant is the mean or the median of these very labels,
    where B is the least, so that it is estimated too adds nothing to the first order. The interval is built on the
    logarithm of the ratio, so that it stays below 1.
    """
    import numpy as np

    rows = len(labels)
    if not rows or labels.min() == labels.max() or not np.isfinite(scores).all():
        return None
    power, centre = (2, np.mean) if metric == "r2" else (1, np.median)
    losses, least = np.abs(labels - scores) ** power, np.abs(labels - centre(labels)) ** power
    whole = float(least.sum())
    ratio = float(losses.sum()) / whole
    error = float(np.std(losses - ratio * least, ddof=1)) * sqrt(rows) / whole
    factor = exp(Z95 * error / ratio) if ratio else 1.0
    return Estimate(metric, 1 - ratio, 1 - ratio * factor, 1 - ratio / factor, rows, rows, 0)


def _standard_error(side: Estimate) -> float:
    return (side.high - side.low) / (2 * Z95)


def _accuracy(metric: str, scores: Floats, labels: Labels) -> Estimate | None:
    rows, positives = len(labels), int((labels == 1).sum())
    correct = int(((scores >= 0.5) == (labels == 1)).sum())
    return Estimate(metric, correct / rows, *wilson(correct, rows), rows, rows, positives) if rows else None


def _f1_score(metric: str, scores: Floats, labels: Labels) -> Estimate | None:
    predicted, actual = scores >= 0.5, labels == 1
    hits, trials = int((predicted & actual).sum()), int((predicted | actual).sum())
    if not trials:
        return None
    low, high = (_f1(share) for share in wilson(hits, trials))
    return Estimate(metric, _f1(hits / trials), low, high, len(labels), trials, int(actual.sum()))


def _f1(jaccard: float) -> float:
    """F1 from the share of hits among rows that are positive or predicted so; that share is a plain binomial one."""
    return 2 * jaccard / (1 + jaccard)


def _auc(metric: str, scores: Floats, labels: Labels) -> Estimate | None:
    """Area under the ROC curve; standard error of J. A. Hanley, B. J. McNeil (1982), Radiology 143, 29–36.

    The interval is built on the logit scale, so that it stays within 0 and 1.
    """
    import numpy as np

    positives = int((labels == 1).sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return None
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    area = float((ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    spread = (positives - 1) * (q1 - area * area) + (negatives - 1) * (q2 - area * area)
    error = sqrt((area * (1 - area) + spread) / (positives * negatives))
    inside = min(max(area, 0.5 / len(labels)), 1 - 0.5 / len(labels))
    half = Z95 * error / (inside * (1 - inside))
    low, high = (1 / (1 + exp(-(log(inside / (1 - inside)) + side * half))) for side in (-1, 1))
    return Estimate(metric, area, low, high, len(labels), len(labels), positives)


_ESTIMATES: dict[str, Callable[[str, Floats, Labels], Estimate | None]] = {
    "accuracy": _accuracy,
    "f1": _f1_score,
    "roc_auc": _auc,
    "r2": _explained,
    "d2_absolute_error_score": _explained,
}
