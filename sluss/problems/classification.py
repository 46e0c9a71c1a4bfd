"""Classification into two classes: a score is the probability of the second one."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from sluss.problems import alerts_on_holdout, class_metrics
from sluss.problems.class_metrics import exact_accuracy, exact_auc, exact_f1
from sluss.problems.class_sections import ClassTraining, ClassUseCase
from sluss.problems.classes import ClassJudging, ClassReporting, ClassScoring, decided
from sluss.problems.entity_precision import PRECISION, SHARE
from sluss.problems.judging import Forecast
from sluss.problems.metrics import Judged, Measure
from sluss.problems.problem import Problem, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    import pyarrow as pa
    from matplotlib.figure import Figure
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats, Labels
    from sluss.config.use_case import UseCase
    from sluss.problems.condition import Condition
    from sluss.problems.entity_precision import Ranking
    from sluss.statistics.figures import Estimate, Summary


class ClassificationTraining(ClassTraining):
    """How a classifier of two classes is trained and judged."""

    metric: Literal[
        "accuracy", "balanced_accuracy", "f1", "f1_macro", "roc_auc", "average_precision", "log_loss", "brier", "cost"
    ]


class Classification(ClassUseCase):
    """A use case whose labels are one of two classes."""

    training: ClassificationTraining
    classes: tuple[str, str] = Field(description="Classification: names of label 0 and label 1")


@dataclass(frozen=True)
class BinaryScoring(ClassScoring):
    """The class with the higher probability is predicted, unless the config decides otherwise."""

    def of_output(self, pipeline: Pipeline, output: Floats) -> Floats:
        """The probability of the second class."""
        return super().of_output(pipeline, output)[:, 1]

    def columns(self, scores: Floats) -> dict[str, pa.Array]:
        """Add `prediction` (0 or 1) and `confidence` (probability of the predicted class)."""
        import pyarrow as pa

        return super().columns(scores) | {
            "prediction": pa.array(_predicted(self.use_case, scores).astype("int8"), pa.int8()),
            "confidence": pa.array(_confidence(self.use_case, scores), pa.float64()),
        }

    def receipt(self, prediction: Mapping[str, Any]) -> dict[str, str | float]:
        """The class by its name, and the confidence."""
        return {
            "predicted": self.use_case.classes[prediction["prediction"]],
            "confidence": prediction["confidence"],
        }


@dataclass(frozen=True)
class BinaryJudging(ClassJudging):
    """The metrics of all classifications, and F1 of the second class."""

    of_all: ClassVar[Mapping[str, Measure]] = MappingProxyType({**ClassJudging.of_all, "f1": class_metrics.f1})
    exact: ClassVar[Mapping[str, Callable[[Judged], Estimate | None]]] = MappingProxyType(
        {"accuracy": exact_accuracy, "f1": exact_f1, "roc_auc": exact_auc}
    )

    def judged(self, labels: Labels, scores: Floats, groups: Any = None) -> Judged:  # noqa: ANN401 - array or None
        """Add the predicted classes to labels and scores."""
        return Judged(labels, scores, _predicted(self.use_case, scores), groups)

    def forecasts(self, labels: Labels, scores: Floats) -> list[Forecast]:
        """The probability of the second class."""
        return [Forecast(f"the class {self.use_case.classes[1]}", scores, (labels == 1).astype(float))]

    def guess(self, metric: str, learned: Labels) -> Any:  # noqa: ANN401 - a number
        """The probability of the second class."""
        return float(super().guess(metric, learned)[1])

    def by_holdout(self, holdout: pd.DataFrame, scores: Floats) -> UseCase:
        """Find the threshold of `decision.alerts_per_day`."""
        found: UseCase = alerts_on_holdout.with_threshold(self.use_case, holdout, scores)
        return found

    @property
    def ranking(self) -> Ranking | None:
        """The entities of `decision.entity`."""
        return alerts_on_holdout.ranking_of(self.use_case)

    def compared(self, train: pd.DataFrame, holdout: pd.DataFrame, scores: Floats) -> dict[str, float]:
        """Number, precision and cost of the alerts, and the precision by entity."""
        return alerts_on_holdout.figures(self.use_case, train, holdout, scores)

    def unlearnable(self, labels: Labels) -> str | None:
        """A class that no row has."""
        missing = (name for label, name in enumerate(self.use_case.classes) if not (labels == label).any())
        return next((f"there is none of the class {name}" for name in missing), None)


_OWN = ("positive_share", PRECISION, SHARE)  # figures of the monitor that are metrics of its run


def _predicted(use_case: Classification, scores: Floats) -> Any:  # noqa: ANN401 - an array of whole numbers
    import numpy as np

    if use_case.decision is None:
        return (scores >= 0.5).astype(int)
    if use_case.decision.alerts_per_day is not None:
        return (scores >= _threshold(use_case)).astype(int)
    return decided(use_case, np.column_stack([1 - scores, scores]))


def _threshold(use_case: Classification) -> float:
    """The threshold of the holdout; before there is one, no row raises an alert."""
    rule = use_case.decision
    return inf if rule is None or rule.threshold is None else rule.threshold


def _confidence(use_case: Classification, scores: Floats) -> Floats:
    """Probabilities of the predicted class, shape (n,)."""
    import numpy as np

    return np.where(_predicted(use_case, scores) == 1, scores, 1 - scores)


@dataclass(frozen=True)
class BinaryReporting(ClassReporting):
    """Figures of the confidence, and the share of rows predicted to be of the second class."""

    def confidences(self, scores: Floats) -> Floats:
        """Return the probability of the predicted class."""
        return _confidence(self.use_case, scores)

    def figures(self, scores: Floats) -> dict[str, float]:
        """Return the figures of the confidence, and the share of rows predicted as the second class."""
        return super().figures(scores) | {"positive_share": float(_predicted(self.use_case, scores).mean())}

    def metrics(self, summary: Summary, conditions: Sequence[Condition]) -> dict[str, float]:
        """The figures as metrics, with the share of the second class."""
        own = {name: summary.figures[name] for name in _OWN if name in summary.figures}
        return super().metrics(summary, conditions) | own

    def facts(self, summary: Summary) -> dict[str, str]:
        """Add the precision by entity to the line on the confidence."""
        found = super().facts(summary)
        if PRECISION not in summary.figures:
            return found
        rule, figures = self.use_case.decision, summary.figures
        told = (
            f"{figures[PRECISION]:.3f} of the {int(rule.alerts_per_day)} first by {rule.entity} of each day of the "
            f"newest labelled rows; {figures[SHARE]:.0%} of what a perfect order finds."
        )
        return found | {"Precision": told}

    def in_words(self, summary: Summary) -> str:
        """The share of the second class."""
        return f"{summary.figures['positive_share']:.0%} of them {self.use_case.classes[1]}"

    @property
    def score_means(self) -> str:
        """The second class's probability."""
        return f"the probability of “{self.use_case.classes[1]}”"

    def plots(self, labels: Labels, scores: Floats) -> dict[str, Figure]:
        """Confusion matrix, calibration, precision and recall."""
        from sluss.problems import holdout_plots

        classes = self.use_case.classes
        return {
            "confusion_matrix": holdout_plots.confusion(labels, _predicted(self.use_case, scores), classes),
            "calibration": holdout_plots.calibration(labels, scores),
            "precision_recall": holdout_plots.precision_recall(labels, scores, classes[1]),
        }


def problem(use_case: Classification) -> Problem:
    """The problem of a use case with two classes."""
    return Problem(BinaryScoring(use_case), BinaryJudging(use_case), BinaryReporting(use_case))


KIND = ProblemKind("a classification", ("classes",), Classification, problem)
