"""Metrics: their names and directions, an estimate with its interval, and whether a metric fell.

Each kind of problem measures its metrics by functions that give a value and the influence of each row on it: the
linear part of the metric's change when the row's weight grows. The influences give the standard error, also where rows
of one group depend on each other: they are summed by group before they are squared. Source: F. R. Hampel (1974), The
influence curve and its role in robust estimation, Journal of the American Statistical Association 69, 383–393; for
groups, S.-Y. Liang, S. L. Zeger (1986), Biometrika 73, 13–22.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import TYPE_CHECKING, Any

from sluss.statistics.figures import Estimate
from sluss.statistics.proportions import Z95, exceeds, normal_tail

if TYPE_CHECKING:
    from sluss.arrays import Floats, Labels

_RESAMPLES = 200
_SEED = 20260101  # of the bootstrap: the same rows give the same interval


@dataclass(frozen=True)
class Metric:
    """A metric by its name in a config. A lower value is better for losses, whose changes count as shares."""

    name: str
    title: str
    lower_is_better: bool = False


METRICS: dict[str, Metric] = {
    each.name: each
    for each in (
        Metric("accuracy", "Accuracy"),
        Metric("balanced_accuracy", "Balanced accuracy"),
        Metric("f1", "F1"),
        Metric("f1_macro", "Macro F1"),
        Metric("roc_auc", "ROC AUC"),
        Metric("average_precision", "Average precision"),
        Metric("log_loss", "Log loss", lower_is_better=True),
        Metric("brier", "Brier score", lower_is_better=True),
        Metric("cost", "Mean cost", lower_is_better=True),
        Metric("r2", "R²"),
        Metric("d2_absolute_error_score", "D² of the absolute error"),
        Metric("mae", "Mean absolute error", lower_is_better=True),
        Metric("rmse", "Root mean squared error", lower_is_better=True),
        Metric("mape", "Mean absolute percentage error", lower_is_better=True),
        Metric("pinball", "Pinball loss", lower_is_better=True),
        Metric("ndcg", "NDCG"),
        Metric("recall", "Recall"),
        Metric("coverage", "Coverage"),
        Metric("novelty", "Novelty"),
        Metric("interval_score", "Interval score", lower_is_better=True),
    )
}
_EXPLAINED = ("r2", "d2_absolute_error_score")


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows to be judged: n labels, n scores, n predictions, and the group of each row where rows come in groups.

    `predicted` has the number of the predicted class, or the predicted number.
    """

    labels: Labels
    scores: Floats
    predicted: Any
    groups: Any = None

    def __len__(self) -> int:
        return len(self.labels)

    def taken(self, rows: Any) -> Judged:  # noqa: ANN401 - any index of NumPy
        """Some of the rows, as often as they are named."""
        groups = None if self.groups is None else self.groups[rows]
        return Judged(self.labels[rows], self.scores[rows], self.predicted[rows], groups)


@dataclass(frozen=True, eq=False)
class Measured:
    """A metric's value on some rows, and the influence of each, shape (n,); None where the bootstrap has to do."""

    value: float
    influence: Floats | None = None


Measure = Callable[[Judged], Measured | None]  # None where the rows do not define the metric


def mean_of(figures: Floats) -> Measured | None:
    """The mean of one figure a row."""
    if not len(figures):
        return None
    mean = float(figures.mean())
    return Measured(mean, figures - mean)


def ratio_of(above: Floats, below: Floats) -> Measured | None:
    """A ratio of two sums over the same rows: W. G. Cochran (1977), Sampling Techniques, 3rd edition, section 2.11."""
    whole = float(below.sum())
    if not whole:
        return None
    ratio = float(above.sum()) / whole
    return Measured(ratio, (above - ratio * below) / (whole / len(below)))


def estimate(metric: str, judged: Judged, measure: Measure) -> Estimate | None:
    """The metric with its 95 % interval; None where the rows do not define it, such as an AUC of one class."""
    import numpy as np

    found = measure(judged) if len(judged) else None
    if found is None or not np.isfinite(found.value):
        return None
    units = len(judged) if judged.groups is None else len(np.unique(judged.groups))
    low, high = (
        _resampled(judged, measure)
        if found.influence is None
        else _interval(metric, found.value, _standard_error(found.influence, judged.groups), units)
    )
    groups = None if judged.groups is None else units
    return Estimate(metric, found.value, low, high, len(judged), units, 0, groups)


def _standard_error(influence: Floats, groups: Any) -> float:  # noqa: ANN401 - an array, or None
    """Return a metric's standard error from the influences of its rows, summed by group: its rows are dependent."""
    import numpy as np

    sums = influence if groups is None else np.bincount(np.unique(groups, return_inverse=True)[1], weights=influence)
    count = len(sums)
    return float(np.sqrt((sums**2).sum() * count / max(count - 1, 1))) / len(influence)


def _interval(metric: str, value: float, error: float, units: int) -> tuple[float, float]:
    """Compute the interval on a scale without bounds: the logarithm of a loss, the logit of a share."""
    if METRICS[metric].lower_is_better:
        factor = exp(Z95 * error / value) if value > 0 else 1.0
        return value / factor, value * factor
    if metric in _EXPLAINED:
        rest = 1 - value
        factor = exp(Z95 * error / rest) if rest > 0 else 1.0
        return 1 - rest * factor, 1 - rest / factor
    inside = min(max(value, 0.5 / units), 1 - 0.5 / units)
    # Where all rows are alike, the influences are 0: then as wide as the error of a share half a row away.
    error = max(error, sqrt(inside * (1 - inside) / units) if value in (0.0, 1.0) else 0.0)
    half, middle = Z95 * error / (inside * (1 - inside)), log(inside / (1 - inside))
    low, high = (1 / (1 + exp(-max(min(middle + side * half, 700), -700))) for side in (-1, 1))
    return min(low, value), max(high, value)


def _resampled(judged: Judged, measure: Measure) -> tuple[float, float]:
    """The percentile interval of a bootstrap over rows, or groups: B. Efron (1979), Annals of Statistics 7, 1–26."""
    import numpy as np

    random = np.random.default_rng(_SEED)
    # Groups are drawn whole, since their rows depend on each other.
    blocks = _blocks(judged)
    values = []
    for _ in range(_RESAMPLES):
        chosen = random.integers(0, len(blocks), len(blocks))
        found = measure(judged.taken(np.concatenate([blocks[each] for each in chosen])))
        if found is not None:
            values.append(found.value)
    low, high = np.quantile(values, [0.025, 0.975]) if values else (0.0, 1.0)
    return float(low), float(high)


def _blocks(judged: Judged) -> list[Any]:
    import numpy as np

    if judged.groups is None:
        return list(np.arange(len(judged))[:, None])
    _, place = np.unique(judged.groups, return_inverse=True)
    order = np.argsort(place, kind="stable")
    return np.split(order, np.cumsum(np.bincount(place))[:-1])


def fallen(now: Estimate, reference: Estimate, drop: float) -> float:
    """One-sided p-value of H0: the metric is not worse than the reference's by more than `drop`. Both are estimates.

    The drop of a loss is a share of the reference's: 0.1 is a rise by a tenth.
    """
    if now.metric == "accuracy":
        holdout, recent = ((side.value * side.trials, side.trials) for side in (reference, now))
        return exceeds(holdout, recent, drop)
    part = 1 + drop if METRICS[now.metric].lower_is_better else 1.0
    error = sqrt(_error(now) ** 2 + (part * _error(reference)) ** 2)
    change = worse_by(now.value, reference.value, now.metric)
    beyond = (change - drop) * (reference.value if METRICS[now.metric].lower_is_better else 1.0)
    return normal_tail(beyond / error) if error else float(beyond <= 0)


def worse_by(value: float, reference: float, metric: str) -> float:
    """How much worse a value is than the reference's; of a loss, as a share of the reference's."""
    if not METRICS[metric].lower_is_better:
        return reference - value
    return (value - reference) / reference if reference else float(value > 0)


def _error(side: Estimate) -> float:
    return (side.high - side.low) / (2 * Z95)


def closeness_limit(reference: Estimate, closeness: float, drop: float) -> float:
    """Return the fall of the closeness that corresponds to a change of the metric by `drop`.

    Closeness is 1 less a loss between 0 and 1. A loss grows by the share that the metric does, and so does the part of
    the variance, or of the deviation, that R² and D² leave unexplained. Shares and areas fall as the metric does.

    Args:
        reference: the metric on the holdout.
        closeness: its mean on the holdout.
        drop: of the metric; of one whose lower values are better, a rise as a share.
    """
    if METRICS[reference.metric].lower_is_better:
        return drop * (1 - closeness)
    if reference.metric in _EXPLAINED and reference.value < 1:
        return drop * (1 - closeness) / (1 - reference.value)
    return drop
