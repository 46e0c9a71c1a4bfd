"""What a person would rather look at than read: one figure with three plots of the holdout."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def holdout_figure(judged: "pd.DataFrame", classes: tuple[str, str]) -> "Figure":
    """Confusion matrix, calibration and precision–recall of the holdout rows' `label` and `score`."""
    from matplotlib.figure import Figure
    from sklearn.calibration import CalibrationDisplay
    from sklearn.metrics import ConfusionMatrixDisplay, PrecisionRecallDisplay

    figure = Figure(figsize=(13, 4), layout="constrained")
    confusion, calibration, curve = figure.subplots(1, 3)
    labels, scores = judged["label"], judged["score"]
    predictions = (scores >= 0.5).astype(int)
    ConfusionMatrixDisplay.from_predictions(
        labels, predictions, display_labels=classes, colorbar=False, cmap="Blues", ax=confusion
    )
    confusion.set_title("Confusion matrix")
    CalibrationDisplay.from_predictions(labels, scores, n_bins=10, name="model", ax=calibration)
    calibration.set_title("Calibration")
    PrecisionRecallDisplay.from_predictions(labels, scores, name="model", plot_chance_level=True, ax=curve)
    curve.set_title("Precision and recall")
    return figure
