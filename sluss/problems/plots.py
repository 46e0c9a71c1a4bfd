"""What a person would rather look at than read: the holdout in three plots, the training window in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sluss.arrays import Floats, Labels


def _figure(title: str) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title)
    return figure, axes


def confusion(labels: Labels, scores: Floats, classes: tuple[str, str]) -> Figure:
    """How many rows of each class were taken for each."""
    from sklearn.metrics import ConfusionMatrixDisplay

    figure, axes = _figure("Confusion matrix of the holdout")
    predicted = (scores >= 0.5).astype(int)
    shown: dict[str, Any] = {"labels": [0, 1], "display_labels": classes, "colorbar": False, "cmap": "Blues"}
    ConfusionMatrixDisplay.from_predictions(labels, predicted, ax=axes, **shown)
    return figure


def calibration(labels: Labels, scores: Floats) -> Figure:
    """Whether probabilities are what they say."""
    from sklearn.calibration import CalibrationDisplay

    figure, axes = _figure("Calibration on the holdout")
    CalibrationDisplay.from_predictions(labels, scores, n_bins=10, name="model", ax=axes)
    return figure


def precision_recall(labels: Labels, scores: Floats, positive: str) -> Figure:
    """What each threshold would give."""
    from sklearn.metrics import PrecisionRecallDisplay

    figure, axes = _figure(f"Precision and recall of “{positive}” on the holdout")
    PrecisionRecallDisplay.from_predictions(labels, scores, name="model", plot_chance_level=True, ax=axes)
    return figure


def prediction_errors(labels: Labels, scores: Floats, unit: str) -> Figure:
    """Actual against predicted values: on the diagonal, there is no error."""
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
