"""Two classes: a score is the probability of the second one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.config.data import Column
from sluss.problems.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from matplotlib.figure import Figure
    from sklearn.base import BaseEstimator
    from sklearn.model_selection import StratifiedKFold

    from sluss.arrays import Floats, Labels
    from sluss.config.use_case import Classification
    from sluss.statistics.figures import Summary


class Classifier(Problem):
    """A classification into two classes; the class with the higher probability is predicted."""

    estimator = "a classifier that has predict_proba"
    model_type = "classifier"
    method = "predict_proba"
    row_metric = "accuracy"
    worst = min
    gain_of = ""
    guessing = "accuracy of the most frequent class"
    closeness = "accuracy"

    def __init__(self, use_case: Classification) -> None:
        self.use_case = use_case

    @property
    def label(self) -> Column:
        """The number of the class."""
        return Column(kind="category", categories=("0", "1"))

    def label_type(self) -> pa.DataType:
        """A small whole number."""
        import pyarrow as pa

        return pa.int8()

    def unlearnable(self, labels: Labels) -> str | None:
        """A class that no row has."""
        missing = (name for label, name in enumerate(self.use_case.classes) if not (labels == label).any())
        return next((f"there is none of the class {name}" for name in missing), None)

    def fits(self, estimator: BaseEstimator) -> bool:
        """Whether it gives probabilities."""
        return hasattr(estimator, "predict_proba")

    def folds(self, count: int, seed: int) -> StratifiedKFold:
        """Each with the classes' shares."""
        from sklearn.model_selection import StratifiedKFold

        return StratifiedKFold(count, shuffle=True, random_state=seed)

    def metrics(self, labels: Labels, scores: Floats) -> dict[str, float]:
        """Accuracy, F1, area under the ROC curve and log loss."""
        from sklearn import metrics

        predictions = (scores >= 0.5).astype(int)
        return {
            "accuracy": float(metrics.accuracy_score(labels, predictions)),
            "f1": float(metrics.f1_score(labels, predictions)),
            "roc_auc": float(metrics.roc_auc_score(labels, scores)),
            "log_loss": float(metrics.log_loss(labels, scores)),
        }

    def baseline(self, learned: Labels, labels: Labels) -> dict[str, float]:
        """Of always guessing the most frequent class."""
        majority = int(learned.mean() >= 0.5)
        return {"baseline_accuracy": float((labels == majority).mean())}

    def by_row(self, labels: Labels, scores: Floats) -> Floats:
        """Whether the predicted class is the right one: 0 or 1."""
        right: Floats = ((scores >= 0.5) == (labels == 1)).astype(float)
        return right

    def told(self, value: float) -> str:
        """The number alone."""
        return f"{value:.3f}"

    def gain(self, value: float, baseline: float) -> float:
        """In accuracy."""
        return value - baseline

    def slice_fault(self, value: float) -> str | None:
        """Too low an accuracy."""
        floor = self.use_case.gates.slice_min_accuracy
        return f"accuracy is {value:.3f}, below the floor of {floor:.3f} for a slice" if value < floor else None

    def close(self, labels: Labels, scores: Floats) -> Floats:
        """A class is right or wrong, with nothing in between."""
        return self.by_row(labels, scores)

    def wrong(self, scores: Floats) -> str | None:
        """Not in [0, 1], or no number."""
        return None if ((scores >= 0) & (scores <= 1)).all() else "no probabilities"

    def predictions(self, scores: Floats) -> dict[str, pa.Array]:
        """`prediction` (0 or 1) and `confidence` (probability of the predicted class, in [0.5, 1])."""
        import pyarrow as pa

        return {
            "prediction": pa.array((scores >= 0.5).astype("int8"), pa.int8()),
            "confidence": pa.array(_confidence(scores), pa.float64()),
        }

    def receipt(self, prediction: Mapping[str, Any]) -> dict[str, str | float]:
        """The class by its name, and how sure the model was."""
        return {
            "predicted": self.use_case.classes[prediction["prediction"]],
            "confidence": prediction["confidence"],
        }

    def profile(self, scores: Floats) -> dict[str, Any]:
        """How sure the model is as a rule."""
        from sluss.statistics.distributions import number_part

        return {"confidence": number_part(_confidence(scores)), **self._shares(scores)}

    def score_range(self, usual: Sequence[float]) -> tuple[float, float]:  # noqa: ARG002 - the same for all
        """That of probabilities."""
        return 0.0, 1.0

    def measured(self, scores: Floats) -> dict[str, float | None]:
        """How sure the model was, and how often it predicted the second class."""
        return {"mean_confidence": float(_confidence(scores).mean()), **self._shares(scores)}

    def _shares(self, scores: Floats) -> dict[str, float]:
        return {
            "low_confidence_share": float((_confidence(scores) < self.use_case.monitoring.low_confidence).mean()),
            "positive_share": float((scores >= 0.5).mean()),
        }

    def monitored(self, summary: Summary) -> dict[str, float]:
        """The same."""
        assert summary.mean_confidence is not None
        assert summary.low_confidence_share is not None
        assert summary.positive_share is not None
        return {
            "overall_avg_confidence": summary.mean_confidence,
            "low_confidence_share": summary.low_confidence_share,
            "positive_share": summary.positive_share,
        }

    def in_words(self, summary: Summary) -> str:
        """The share of the second class."""
        return f"{summary.positive_share:.0%} of them {self.use_case.classes[1]}"

    @property
    def score_means(self) -> str:
        """The second class's probability."""
        return f"the probability of “{self.use_case.classes[1]}”"

    def plots(self, labels: Labels, scores: Floats) -> dict[str, Figure]:
        """Confusion matrix, calibration, precision and recall."""
        from sluss.problems import plots

        classes = self.use_case.classes
        return {
            "confusion_matrix": plots.confusion(labels, scores, classes),
            "calibration": plots.calibration(labels, scores),
            "precision_recall": plots.precision_recall(labels, scores, classes[1]),
        }


def _confidence(scores: Floats) -> Floats:
    """Probabilities of the predicted class, shape (n,)."""
    import numpy as np

    sure: Floats = np.maximum(scores, 1 - scores)
    return sure
