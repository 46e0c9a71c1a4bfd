"""Classification into more than two classes: scores are the probabilities of all classes, shape (n, k)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from sluss.problems.class_sections import ClassTraining, ClassUseCase
from sluss.problems.classes import ClassJudging, ClassReporting, ClassScoring, decided
from sluss.problems.judging import Forecast
from sluss.problems.metrics import Judged
from sluss.problems.problem import Problem, ProblemKind
from sluss.statistics.figures import SCORE, SCORE_CLASS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from matplotlib.figure import Figure

    from sluss.arrays import Floats, Labels
    from sluss.statistics.distributions import Distribution
    from sluss.statistics.figures import Summary


class MulticlassTraining(ClassTraining):
    """How a classifier of many classes is trained and judged."""

    metric: Literal[
        "accuracy", "balanced_accuracy", "f1_macro", "roc_auc", "average_precision", "log_loss", "brier", "cost"
    ]


class Multiclass(ClassUseCase):
    """A use case whose labels are one of three to 1,000 classes."""

    training: MulticlassTraining
    classes: tuple[str, ...] = Field(
        min_length=3,
        max_length=1000,
        description="Classification: names of the classes 0, 1, …",
    )


@dataclass(frozen=True)
class MulticlassScoring(ClassScoring):
    """The column `score` has the probability of the predicted class, `probabilities` those of all."""

    wide: ClassVar[str] = "probabilities"

    def none(self) -> Floats:
        """No rows of probabilities."""
        import numpy as np

        return np.empty((0, len(self.use_case.classes)))

    def scalar(self, scores: Floats) -> Floats:
        """The probability of the predicted class."""
        return _confidence(self.use_case, scores)

    def columns(self, scores: Floats) -> dict[str, pa.Array]:
        """Add `prediction` (the number of the class), `predicted` (its name) and `confidence`."""
        import numpy as np
        import pyarrow as pa

        predicted = decided(self.use_case, scores)
        names = np.array(self.use_case.classes, dtype=object)[predicted]
        return super().columns(scores) | {
            "prediction": pa.array(predicted.astype("int16"), pa.int16()),
            "predicted": pa.array(names, pa.string()),
            "confidence": pa.array(_confidence(self.use_case, scores), pa.float64()),
        }

    def receipt(self, prediction: Mapping[str, Any]) -> dict[str, str | float]:
        """The class by its name, and the confidence."""
        return {"predicted": prediction["predicted"], "confidence": prediction["confidence"]}


@dataclass(frozen=True)
class MulticlassJudging(ClassJudging):
    """The metrics of all classifications; those of one class against the others are means over the classes."""

    def judged(self, labels: Labels, scores: Floats, groups: Any = None) -> Judged:  # noqa: ANN401 - array or None
        """Add the predicted classes to labels and scores."""
        return Judged(labels, scores, decided(self.use_case, scores), groups)

    def forecasts(self, labels: Labels, scores: Floats) -> list[Forecast]:
        """The largest probability of each row."""
        likely = scores.argmax(axis=1)
        return [Forecast("the most probable class", scores.max(axis=1), (labels == likely).astype(float))]


@dataclass(frozen=True)
class MulticlassReporting(ClassReporting):
    """Figures of the confidence, and the predicted classes."""

    def confidences(self, scores: Floats) -> Floats:
        """Return the probability of the predicted class."""
        return _confidence(self.use_case, scores)

    def distributions(self, scores: Floats) -> dict[str, Distribution]:
        """The confidence and the predicted classes."""
        from sluss.statistics.distributions import category_part, number_part

        names = [self.use_case.classes[each] for each in decided(self.use_case, scores)]
        return {SCORE: number_part(self.confidences(scores)), SCORE_CLASS: category_part(names)}

    def in_words(self, summary: Summary) -> str:
        """The mean confidence."""
        return f"mean confidence {summary.mean_score:.3f}"

    @property
    def score_means(self) -> str:
        """The confidence."""
        return "the probability of the predicted class"

    def plots(self, labels: Labels, scores: Floats) -> dict[str, Figure]:
        """Confusion matrix, calibration of the confidence, and the classes' shares."""
        from sluss.problems import holdout_plots

        predicted, classes = decided(self.use_case, scores), self.use_case.classes
        return {
            "confusion_matrix": holdout_plots.confusion(labels, predicted, classes),
            "calibration": holdout_plots.calibration(predicted == labels, self.confidences(scores)),
            "class_shares": holdout_plots.class_shares(labels, predicted, classes),
        }


def _confidence(use_case: Multiclass, scores: Floats) -> Floats:
    import numpy as np

    sure: Floats = scores[np.arange(len(scores)), decided(use_case, scores)]
    return sure


def problem(use_case: Multiclass) -> Problem:
    """The problem of a use case with more than two classes."""
    return Problem(MulticlassScoring(use_case), MulticlassJudging(use_case), MulticlassReporting(use_case))


# Both kinds of classification have the key `classes`, so the number of names decides.
KIND = ProblemKind("a classification", ("classes",), Multiclass, problem, lambda content: _count(content) > 2)


def _count(content: dict[str, Any]) -> int:
    classes = content["classes"]
    return len(classes) if isinstance(classes, list | tuple) else 0
