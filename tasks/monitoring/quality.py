"""The use case's metric on labelled rows, with its interval, and whether it fell below what the holdout promised."""

from dataclasses import asdict, dataclass
from math import exp, log, sqrt
from typing import TYPE_CHECKING, Any, Literal

from tasks.monitoring.proportions import Z95, exceeds, normal_tail, wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Labels = NDArray[np.int8]

Metric = Literal["accuracy", "f1", "roc_auc"]
METRIC_NAMES: dict[Metric, str] = {"accuracy": "Accuracy", "f1": "F1", "roc_auc": "ROC AUC"}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric on some labelled rows with its 95 % interval."""

    metric: Metric
    value: float
    low: float
    high: float
    rows: int  # labelled rows
    trials: int  # the rows the metric is a share of; equals `rows` for accuracy
    positives: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def estimate(metric: Metric, scores: "Floats", labels: "Labels") -> Estimate | None:
    """The metric with its interval; None where the rows do not define it, such as an AUC of one class."""
    positives, rows = int((labels == 1).sum()), len(labels)
    if metric == "roc_auc":
        return _auc(scores, labels, positives)
    predicted = scores >= 0.5
    if metric == "accuracy":
        correct = int((predicted == (labels == 1)).sum())
        return Estimate(metric, correct / rows, *wilson(correct, rows), rows, rows, positives) if rows else None
    hits = int((predicted & (labels == 1)).sum())
    trials = int((predicted | (labels == 1)).sum())
    if not trials:
        return None
    low, high = (_f1(share) for share in wilson(hits, trials))
    return Estimate(metric, _f1(hits / trials), low, high, rows, trials, positives)


def fallen(now: Estimate, reference: Estimate, drop: float) -> float:
    """One-sided p-value of H0: the metric is not more than `drop` below the reference's. Both are estimates."""
    if now.metric == "accuracy":
        holdout, recent = ((side.value * side.trials, side.trials) for side in (reference, now))
        return exceeds(holdout, recent, drop)
    error = sqrt(_standard_error(now) ** 2 + _standard_error(reference) ** 2)
    return normal_tail((reference.value - drop - now.value) / error) if error else 1.0


def _standard_error(side: Estimate) -> float:
    return (side.high - side.low) / (2 * Z95)


def _f1(jaccard: float) -> float:
    """F1 from the share of hits among rows that are positive or predicted so; that share is a plain binomial one."""
    return 2 * jaccard / (1 + jaccard)


def _auc(scores: "Floats", labels: "Labels", positives: int) -> Estimate | None:
    """Area under the ROC curve; standard error of J. A. Hanley, B. J. McNeil (1982), Radiology 143, 29–36.

    The interval is built on the logit scale, so that it stays within 0 and 1.
    """
    import numpy as np

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
    return Estimate("roc_auc", area, low, high, len(labels), len(labels), positives)
