"""Plots of a model: three of the holdout, one of the training window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sluss.arrays import Floats, Labels

_SHOWN = 20  # classes whose counts can be read in a matrix


def _figure(title: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    # Without pyplot, which keeps every figure in memory and may look for a screen.
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title)
    return figure, axes


def confusion(labels: Labels, predicted: Any, classes: tuple[str, ...]) -> Figure:  # noqa: ANN401 - an array of classes
    """How many rows of each class were taken for each."""
    from sklearn.metrics import ConfusionMatrixDisplay

    figure, axes = _figure("Confusion matrix of the holdout")
    shown: dict[str, Any] = {"colorbar": False, "cmap": "Blues", "include_values": len(classes) <= _SHOWN}
    numbers = list(range(len(classes)))
    ConfusionMatrixDisplay.from_predictions(
        labels, predicted, labels=numbers, display_labels=classes, ax=axes, xticks_rotation=_rotation(classes), **shown
    )
    return figure


def _rotation(classes: tuple[str, ...]) -> Literal["horizontal", "vertical"]:
    return "horizontal" if sum(map(len, classes)) <= 2 * _SHOWN else "vertical"


def calibration(labels: Labels, scores: Floats) -> Figure:
    """Predicted probabilities against observed shares."""
    from sklearn.calibration import CalibrationDisplay

    figure, axes = _figure("Calibration on the holdout")
    CalibrationDisplay.from_predictions(labels, scores, n_bins=10, name="model", ax=axes)
    return figure


def precision_recall(labels: Labels, scores: Floats, positive: str) -> Figure:
    """Precision and recall at each threshold."""
    from sklearn.metrics import PrecisionRecallDisplay

    figure, axes = _figure(f"Precision and recall of “{positive}” on the holdout")
    PrecisionRecallDisplay.from_predictions(labels, scores, name="model", plot_chance_level=True, ax=axes)
    return figure


def prediction_errors(labels: Labels, scores: Floats, unit: str) -> Figure:
    """Actual against predicted values; points on the diagonal have no error."""
    return _errors(labels, scores, unit, ("Predicted against actual values of the holdout", "actual_vs_predicted"))


def residuals(labels: Labels, scores: Floats, unit: str) -> Figure:
    """Actual less predicted against predicted values: what the model has missed shows as a pattern."""
    return _errors(labels, scores, unit, ("Residuals on the holdout", "residual_vs_predicted"))


def _errors(labels: Labels, scores: Floats, unit: str, shown: tuple[str, str]) -> Figure:
    from sklearn.metrics import PredictionErrorDisplay

    title, kind = shown
    figure, axes = _figure(title)
    dots = {"s": 8, "alpha": 0.5}
    PredictionErrorDisplay.from_predictions(labels, scores, kind=kind, subsample=None, ax=axes, scatter_kwargs=dots)
    axes.set_xlabel(f"{axes.get_xlabel()} ({unit})")
    axes.set_ylabel(f"{axes.get_ylabel()} ({unit})")
    return figure


def residual_distribution(labels: Labels, scores: Floats, unit: str) -> Figure:
    """How large errors are, and whether the model errs to one side."""
    figure, axes = _figure("Distribution of the residuals on the holdout")
    axes.hist(labels - scores, bins="auto")
    axes.axvline(0, color="black", linestyle="--")
    axes.set_xlabel(f"Residuals (actual - predicted, {unit})")
    axes.set_ylabel("Rows")
    return figure


def class_shares(labels: Labels, predicted: Any, classes: tuple[str, ...]) -> Figure:  # noqa: ANN401 - an array of classes
    """Share of each class among labels and predictions, of the most frequent ones."""
    import numpy as np

    actual, chosen = (
        np.bincount(each.astype(int), minlength=len(classes)) / len(labels) for each in (labels, predicted)
    )
    shown = np.argsort(-actual, kind="stable")[:_SHOWN]
    figure, axes = _figure("Classes of the holdout")
    axes.barh(np.arange(len(shown)) - 0.2, actual[shown], height=0.4, label="labels")
    axes.barh(np.arange(len(shown)) + 0.2, chosen[shown], height=0.4, label="predictions")
    axes.set_yticks(range(len(shown)), [classes[each] for each in shown])
    axes.invert_yaxis()
    axes.set_xlabel("Share of rows")
    axes.legend()
    return figure


def quantile_calibration(labels: Labels, scores: Floats, quantiles: tuple[float, ...]) -> Figure:
    """Share of the labels below each predicted quantile, which should be its level."""
    figure, axes = _figure("Calibration of the quantiles on the holdout")
    axes.plot([0, 1], [0, 1], color="black", linestyle="--")
    axes.plot(quantiles, (labels[:, None] <= scores).mean(axis=0), marker="o")
    axes.set_xlabel("Level of the quantile")
    axes.set_ylabel("Share of labels below it")
    return figure


def predicted_intervals(labels: Labels, scores: Floats, unit: str) -> Figure:
    """Labels and the outermost quantiles, rows in the order of the middle one."""
    import numpy as np

    order = np.argsort(scores[:, scores.shape[1] // 2], kind="stable")
    place = np.arange(len(order))
    figure, axes = _figure("Predicted intervals of the holdout")
    axes.fill_between(place, scores[order, 0], scores[order, -1], alpha=0.4, label="interval")
    axes.scatter(place, labels[order], s=6, label="label")
    axes.set_xlabel("Rows, by the middle quantile")
    axes.set_ylabel(unit)
    axes.legend()
    return figure
