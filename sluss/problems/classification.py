"""Classification into two classes: a score is the probability of the second one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from sluss.config.data import Column
from sluss.config.gates import Gates
from sluss.config.training import Training
from sluss.config.use_case import UseCase
from sluss.problems import confidence, metrics
from sluss.problems.confidence import ConfidenceMonitoring
from sluss.problems.problem import Judging, Problem, ProblemKind, Reporting, Scoring

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from matplotlib.figure import Figure
    from sklearn.base import BaseEstimator
    from sklearn.model_selection import StratifiedKFold

    from sluss.arrays import Floats, Labels
    from sluss.charts.plot import Plot
    from sluss.problems.conditions import Condition, History
    from sluss.statistics.figures import Estimate, Summary


class ClassificationTraining(Training):
    """How a classifier is trained and judged."""

    metric: Literal["accuracy", "f1", "roc_auc"]


class ClassificationGates(Gates):
    """Limits that a classifier must meet."""

    slice_min_accuracy: float = Field(
        ge=0, le=1, description="Classification, `quality`: least accuracy on each slice of the holdout"
    )


class Classification(UseCase):
    """A use case whose labels are one of two classes."""

    training: ClassificationTraining
    gates: ClassificationGates
    monitoring: ConfidenceMonitoring
    classes: tuple[str, str] = Field(description="Classification: names of label 0 and label 1")

    @model_validator(mode="after")
    def _labels_are_classes(self) -> Classification:
        if reason := self.source.not_classes:
            raise ValueError(reason)
        return self


@dataclass(frozen=True)
class BinaryScoring(Scoring):
    """The class with the higher probability is predicted."""

    use_case: Classification
    estimator: ClassVar[str] = "a classifier that has predict_proba"
    model_type: ClassVar[str] = "classifier"
    method: ClassVar[str] = "predict_proba"

    def fits(self, estimator: BaseEstimator) -> bool:
        """Whether it gives probabilities."""
        return hasattr(estimator, "predict_proba")

    def of_output(self, output: Floats) -> Floats:
        """The last column: the probability of the second class."""
        return output[:, -1]

    def wrong(self, scores: Floats) -> str | None:
        """Not in [0, 1], or not a number."""
        return None if ((scores >= 0) & (scores <= 1)).all() else "no probabilities"

    def columns(self, scores: Floats) -> dict[str, pa.Array]:
        """Also `prediction` (0 or 1) and `confidence` (probability of the predicted class, in [0.5, 1])."""
        import pyarrow as pa

        return super().columns(scores) | {
            "prediction": pa.array((scores >= 0.5).astype("int8"), pa.int8()),
            "confidence": pa.array(_confidence(scores), pa.float64()),
        }

    def receipt(self, prediction: Mapping[str, Any]) -> dict[str, str | float]:
        """The class by its name, and the confidence."""
        return {
            "predicted": self.use_case.classes[prediction["prediction"]],
            "confidence": prediction["confidence"],
        }


@dataclass(frozen=True)
class BinaryJudging(Judging):
    """Slices, baseline and champion are judged by accuracy."""

    use_case: Classification
    row_metric: ClassVar[str] = "accuracy"
    worst = min
    gain_of: ClassVar[str] = ""
    guessing: ClassVar[str] = "accuracy of the most frequent class"
    closeness: ClassVar[str] = "accuracy"

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

    def folds(self, count: int, seed: int) -> StratifiedKFold:
        """Each with the classes' shares."""
        from sklearn.model_selection import StratifiedKFold

        return StratifiedKFold(count, shuffle=True, random_state=seed)

    def metrics(self, labels: Labels, scores: Floats) -> dict[str, float]:
        """Accuracy, F1, area under the ROC curve and log loss."""
        from sklearn import metrics as scorers

        predictions = (scores >= 0.5).astype(int)
        return {
            "accuracy": float(scorers.accuracy_score(labels, predictions)),
            "f1": float(scorers.f1_score(labels, predictions)),
            "roc_auc": float(scorers.roc_auc_score(labels, scores)),
            "log_loss": float(scorers.log_loss(labels, scores)),
        }

    def estimate(self, labels: Labels, scores: Floats) -> Estimate | None:
        """The metric of the config."""
        return metrics.estimate(self.use_case.training.metric, scores, labels)

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


@dataclass(frozen=True)
class BinaryReporting(Reporting):
    """Figures of the confidence, and the share of rows predicted to be of the second class."""

    use_case: Classification
    alerts: ClassVar[tuple[str, ...]] = confidence.ALERTS
    advice: ClassVar[Mapping[str, str]] = confidence.ADVICE
    trend: ClassVar[str] = confidence.MEAN

    def profile(self, scores: Floats) -> dict[str, Any]:
        """The distribution of the confidence, and both shares."""
        from sluss.statistics.distributions import number_part

        own = self.figures(scores)
        del own[confidence.MEAN]
        return {"confidence": number_part(_confidence(scores)), **own}

    def score_range(self, usual: Sequence[float]) -> tuple[float, float]:  # noqa: ARG002 - the same for all
        """That of probabilities."""
        return 0.0, 1.0

    def figures(self, scores: Floats) -> dict[str, float]:
        """Those of the confidence, and how often the second class is predicted."""
        own = confidence.figures(_confidence(scores), self.use_case.monitoring)
        return own | {"positive_share": float((scores >= 0.5).mean())}

    def metrics(self, summary: Summary, conditions: Sequence[Condition]) -> dict[str, float]:
        """The same."""
        return confidence.metrics(summary, conditions) | {"positive_share": summary.figures["positive_share"]}

    def conditions(self, summary: Summary, usual: Mapping[str, Any], history: History) -> list[Condition]:
        """Those on the confidence."""
        return confidence.conditions(summary, usual, history, self.use_case.monitoring)

    def in_words(self, summary: Summary) -> str:
        """The share of the second class."""
        return f"{summary.figures['positive_share']:.0%} of them {self.use_case.classes[1]}"

    def facts(self, summary: Summary) -> dict[str, str]:
        """The confidence."""
        return confidence.facts(summary, self.use_case.monitoring)

    def cells(self, summary: Summary) -> dict[str, str]:
        """The confidence."""
        return confidence.cells(summary)

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

    def interval_plots(self, seen: Sequence[Summary], usual: Mapping[str, Any]) -> list[Plot]:
        """The confidence over the intervals."""
        return confidence.interval_plots(seen, usual, self.use_case.monitoring)


def _confidence(scores: Floats) -> Floats:
    """Probabilities of the predicted class, shape (n,)."""
    import numpy as np

    sure: Floats = np.maximum(scores, 1 - scores)
    return sure


def problem(use_case: Classification) -> Problem:
    """The problem of a use case with two classes."""
    return Problem(BinaryScoring(use_case), BinaryJudging(use_case), BinaryReporting(use_case))


KIND = ProblemKind("a classification", ("classes",), Classification, problem)
