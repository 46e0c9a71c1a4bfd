"""What a person would rather look at than read: the holdout in three plots, the training window in one."""

from typing import TYPE_CHECKING, Any

from tasks.shared.use_case import UseCase

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from sklearn.pipeline import Pipeline

_SIZES = (0.1, 0.25, 0.5, 0.75, 1.0)  # shares of what the folds leave to learn from
_FOLDS = 3  # each a fit a size, so few


def draw(use_case: UseCase, pipeline: "Pipeline", train: "pd.DataFrame", judged: "pd.DataFrame") -> "dict[str, Figure]":
    """All plots by name.

    Args:
        use_case: its classes, features and metric.
        pipeline: the fitted pipeline; copies of it are fitted for the learning curve.
        train: rows of the training window, with the column `label`.
        judged: `label` and `score` of the holdout rows.
    """
    return {
        "confusion_matrix": _confusion(judged, use_case.classes),
        "calibration": _calibration(judged),
        "precision_recall": _precision_recall(judged, use_case.classes[1]),
        "learning_curve": _learning_curve(use_case, pipeline, train),
    }


def _figure(title: str) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title)
    return figure, axes


def _confusion(judged: "pd.DataFrame", classes: tuple[str, str]) -> "Figure":
    from sklearn.metrics import ConfusionMatrixDisplay

    figure, axes = _figure("Confusion matrix of the holdout")
    predicted = (judged["score"] >= 0.5).astype(int)
    shown: dict[str, Any] = {"labels": [0, 1], "display_labels": classes, "colorbar": False, "cmap": "Blues"}
    ConfusionMatrixDisplay.from_predictions(judged["label"], predicted, ax=axes, **shown)
    return figure


def _calibration(judged: "pd.DataFrame") -> "Figure":
    from sklearn.calibration import CalibrationDisplay

    figure, axes = _figure("Calibration on the holdout")
    CalibrationDisplay.from_predictions(judged["label"], judged["score"], n_bins=10, name="model", ax=axes)
    return figure


def _precision_recall(judged: "pd.DataFrame", positive: str) -> "Figure":
    from sklearn.metrics import PrecisionRecallDisplay

    figure, axes = _figure(f"Precision and recall of “{positive}” on the holdout")
    PrecisionRecallDisplay.from_predictions(
        judged["label"], judged["score"], name="model", plot_chance_level=True, ax=axes
    )
    return figure


def _learning_curve(use_case: UseCase, pipeline: "Pipeline", train: "pd.DataFrame") -> "Figure":
    from sklearn.base import clone
    from sklearn.model_selection import LearningCurveDisplay, StratifiedKFold

    figure, axes = _figure("Learning curve in the training window")
    spec = use_case.training
    LearningCurveDisplay.from_estimator(
        clone(pipeline),
        train[list(use_case.features)],
        train["label"],
        train_sizes=_SIZES,
        cv=StratifiedKFold(_FOLDS, shuffle=True, random_state=spec.seed),
        scoring=spec.metric,
        score_name=spec.metric,
        ax=axes,
    )
    return figure
