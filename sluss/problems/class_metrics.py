"""Metrics of classifications into k classes: labels are numbers of classes, probabilities have shape (n, k)."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TYPE_CHECKING, Any

from sluss.problems.metrics import Judged, Measured, mean_of, ratio_of
from sluss.statistics.figures import Estimate
from sluss.statistics.proportions import Z95, wilson

if TYPE_CHECKING:
    from sluss.arrays import Floats


def probabilities(judged: Judged) -> Floats:
    """Return the probability of each class, shape (n, k), also from the second one's alone."""
    import numpy as np

    scores = judged.scores
    return scores if scores.ndim == 2 else np.column_stack([1 - scores, scores])


def accuracy(judged: Judged) -> Measured | None:
    """The share of rows whose class is predicted."""
    return mean_of((judged.predicted == judged.labels).astype(float))


def balanced_accuracy(judged: Judged) -> Measured | None:
    """The mean over the classes of the share of their rows that are predicted."""
    import numpy as np

    right = (judged.predicted == judged.labels).astype(float)
    present, place, rows = np.unique(judged.labels, return_inverse=True, return_counts=True)
    if len(present) < 2:
        return None
    recalls = np.bincount(place, weights=right) / rows
    influence = (right - recalls[place]) * len(right) / (rows[place] * len(present))
    return Measured(float(recalls.mean()), influence)


def f1(judged: Judged) -> Measured | None:
    """F1 of the second class."""
    return _f1_of(judged, 1)


def f1_macro(judged: Judged) -> Measured | None:
    """The mean of the F1 of all classes that are among the labels or the predictions."""
    import numpy as np

    present = np.union1d(judged.labels, judged.predicted)
    parts = [part for each in present if (part := _f1_of(judged, each)) is not None]
    return _mean(parts) if len(np.unique(judged.labels)) > 1 else None


def _f1_of(judged: Judged, label: int) -> Measured | None:
    predicted, actual = judged.predicted == label, judged.labels == label
    return ratio_of(2.0 * (predicted & actual), predicted.astype(float) + actual)


def _mean(parts: list[Measured]) -> Measured | None:
    import numpy as np

    if not parts:
        return None
    influence: Floats = np.mean([part.influence for part in parts if part.influence is not None], axis=0)
    return Measured(sum(part.value for part in parts) / len(parts), influence)


def roc_auc(judged: Judged) -> Measured | None:
    """Area under the ROC curve: of the second class, or the mean of each class against the others."""
    import numpy as np

    if judged.scores.ndim == 1:
        return _auc_of(judged.scores, judged.labels == 1)
    present = [int(each) for each in np.unique(judged.labels)]
    return _mean([part for each in present if (part := _auc_of(judged.scores[:, each], judged.labels == each))])


def _auc_of(scores: Floats, actual: Any) -> Measured | None:  # noqa: ANN401 - an array of booleans
    """By ranks; the influences are the structural components of E. R. DeLong et al. (1988), Biometrics 44, 837–845."""
    import numpy as np

    positives, negatives = int(actual.sum()), int((~actual).sum())
    if not positives or not negatives:
        return None
    ranks, among = _ranks(scores), np.empty(len(scores))
    among[actual], among[~actual] = _ranks(scores[actual]), _ranks(scores[~actual])
    # The share of the rows of the other class that a row is above (below), ties as halves.
    placed = np.where(actual, (ranks - among) / negatives, 1 - (ranks - among) / positives)
    area = float(placed[actual].mean())
    share = np.where(actual, positives, negatives) / len(scores)
    return Measured(area, (placed - area) / share)


def _ranks(values: Floats) -> Floats:
    """From 1, the mean of the places for ties."""
    import numpy as np

    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(count) - (count - 1) / 2)[place]
    return ranks


def average_precision(judged: Judged) -> Measured | None:
    """Average precision of the second class, or the mean over the classes."""
    import numpy as np
    from sklearn.metrics import average_precision_score

    table, present = probabilities(judged), np.unique(judged.labels)
    if len(present) < 2:
        return None
    asked = [1] if judged.scores.ndim == 1 else [int(each) for each in present]
    values = [average_precision_score(judged.labels == each, table[:, each]) for each in asked]
    return Measured(float(np.mean(values)))


def log_loss(judged: Judged) -> Measured | None:
    """The mean negative logarithm of the probability of the right class."""
    import numpy as np

    right = _of_label(judged)
    return mean_of(-np.log(np.clip(right, np.finfo(float).eps, 1)))


def brier_losses(judged: Judged) -> Floats:
    """Squared distances of the probabilities from the truth; of two classes that of the second one alone."""
    import numpy as np

    if judged.scores.ndim == 1:
        return np.asarray((judged.scores - judged.labels) ** 2)
    whole = (judged.scores**2).sum(axis=1)
    losses: Floats = whole - 2 * _of_label(judged) + 1
    return losses


def brier(judged: Judged) -> Measured | None:
    """Brier score: G. W. Brier (1950), Monthly Weather Review 78, 1–3; of two classes, half of that."""
    return mean_of(brier_losses(judged))


def _of_label(judged: Judged) -> Floats:
    import numpy as np

    right: Floats = probabilities(judged)[np.arange(len(judged)), judged.labels.astype(int)]
    return right


# Intervals of two classes that are better than those from influences, above all of few rows.


def exact_accuracy(judged: Judged) -> Estimate | None:
    """A share of rows."""
    rows, correct = len(judged), int((judged.predicted == judged.labels).sum())
    return Estimate("accuracy", correct / rows, *wilson(correct, rows), rows, rows, _positives(judged))


def exact_f1(judged: Judged) -> Estimate | None:
    """F1 is a function of the share of hits among rows that are positive or predicted so, which is binomial."""
    predicted, actual = judged.predicted == 1, judged.labels == 1
    hits, trials = int((predicted & actual).sum()), int((predicted | actual).sum())
    if not trials:
        return None
    low, high = (_from_jaccard(share) for share in wilson(hits, trials))
    return Estimate("f1", _from_jaccard(hits / trials), low, high, len(judged), trials, _positives(judged))


def _from_jaccard(share: float) -> float:
    return 2 * share / (1 + share)


def exact_auc(judged: Judged) -> Estimate | None:
    """Standard error of J. A. Hanley, B. J. McNeil (1982), Radiology 143, 29–36, on the logit scale."""
    found, positives, rows = roc_auc(judged), _positives(judged), len(judged)
    if found is None:
        return None
    area, negatives = found.value, rows - positives
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    spread = (positives - 1) * (q1 - area * area) + (negatives - 1) * (q2 - area * area)
    error = sqrt((area * (1 - area) + spread) / (positives * negatives))
    inside = min(max(area, 0.5 / rows), 1 - 0.5 / rows)
    half = Z95 * error / (inside * (1 - inside))
    low, high = (1 / (1 + exp(-(log(inside / (1 - inside)) + side * half))) for side in (-1, 1))
    return Estimate("roc_auc", area, low, high, rows, rows, positives)


def _positives(judged: Judged) -> int:
    return int((judged.labels == 1).sum())
