"""Classification into any number of classes: scoring, judging and reporting that two classes and many share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from sluss.config.curation import Column
from sluss.problems import blocks, class_metrics, confidence
from sluss.problems.class_sections import thresholds_of
from sluss.problems.judging import Judging, Limit
from sluss.problems.metrics import METRICS, Judged, Measure, Measured, Metric, mean_of
from sluss.problems.problem import Reporting, Scoring

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    import pyarrow as pa
    from sklearn.base import BaseEstimator
    from sklearn.model_selection import BaseCrossValidator
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats, Labels
    from sluss.charts.plot import Plot
    from sluss.problems.class_sections import ClassUseCase
    from sluss.problems.condition import Condition, FigureHistory
    from sluss.problems.judging import LabelsAre
    from sluss.statistics.figures import Summary

_BY_BLOCKS = {
    "balanced_accuracy": "balanced accuracy",
    "f1": "balanced accuracy",
    "f1_macro": "balanced accuracy",
    "roc_auc": "ROC AUC",
    "average_precision": "ROC AUC",
}  # the metric of the blocks that stands for each of these in a comparison


@dataclass(frozen=True)
class ClassScoring(Scoring):
    """Scores are probabilities."""

    use_case: Any  # a ClassUseCase, of the class of each kind
    estimator: ClassVar[str] = "a classifier that has predict_proba"
    model_type: ClassVar[str] = "classifier"
    method: ClassVar[str] = "predict_proba"

    def fits(self, estimator: BaseEstimator) -> bool:
        """Whether the estimator gives probabilities."""
        return hasattr(estimator, "predict_proba")

    def of_output(self, pipeline: Pipeline, output: Floats) -> Floats:
        """Probabilities of all classes; a class that was not among the training rows has 0."""
        import numpy as np

        count, known = len(self.use_case.classes), [int(each) for each in pipeline.classes_]
        if known == list(range(count)):
            return np.asarray(output, dtype=float)
        table = np.zeros((len(output), count))
        table[:, known] = output
        return table

    def wrong(self, scores: Floats) -> str | None:
        """Refuse scores that are not numbers in [0, 1]."""
        return None if ((scores >= 0) & (scores <= 1)).all() else "not probabilities"


def decided(use_case: ClassUseCase, table: Floats) -> Any:  # noqa: ANN401 - an array of whole numbers
    """The number of the predicted class of each row, from probabilities of shape (n, k)."""
    import numpy as np

    decision = use_case.decision
    if decision and decision.costs:
        # The class with the least expected cost: `costs` has a row for each actual class.
        return np.argmin(table @ np.array(decision.costs), axis=1)
    if decision and decision.thresholds:
        # The class that exceeds its threshold by the largest factor; of two classes, the second one from its threshold
        # on.
        return np.argmax(table / np.array(thresholds_of(decision.thresholds, use_case.classes)), axis=1)
    return np.argmax(table, axis=1)


@dataclass(frozen=True)
class ClassJudging(Judging):
    """Judges probabilities and the classes that follow from them."""

    use_case: Any  # a ClassUseCase, of the class of each kind
    labels_are: ClassVar[LabelsAre] = "classes"
    of_all: ClassVar[Mapping[str, Measure]] = MappingProxyType(
        {
            "accuracy": class_metrics.accuracy,
            "balanced_accuracy": class_metrics.balanced_accuracy,
            "f1_macro": class_metrics.f1_macro,
            "roc_auc": class_metrics.roc_auc,
            "average_precision": class_metrics.average_precision,
            "log_loss": class_metrics.log_loss,
            "brier": class_metrics.brier,
        }
    )

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Metrics of every classification, and the cost if the config has costs."""
        priced = self.use_case.decision and self.use_case.decision.costs
        return {**self.of_all, **({"cost": self._mean_cost} if priced else {})}

    def _costs(self, judged: Judged) -> Floats:
        import numpy as np

        costs: Floats = np.array(self.use_case.decision.costs)[judged.labels.astype(int), judged.predicted]
        return costs

    def _mean_cost(self, judged: Judged) -> Measured | None:
        return mean_of(self._costs(judged))

    def in_unit(self, metric: Metric) -> str:
        """The currency of costs."""
        return f" {self.use_case.decision.currency}".rstrip() if metric.name == "cost" else ""

    @property
    def label(self) -> Column:
        """The number of the class, or its name."""
        return Column(kind="category", categories=tuple(self._places()))

    def _places(self) -> dict[str, int]:
        """Map each text that a label may have to the number of its class. Names that look like numbers are names."""
        names = {name: place for place, name in enumerate(self.use_case.classes)}
        numbers = {str(place): place for place in names.values()}
        return names if names.keys() & numbers.keys() else numbers | names

    def label_type(self) -> pa.DataType:
        """A small whole number."""
        import pyarrow as pa

        return pa.int8() if len(self.use_case.classes) == 2 else pa.int16()

    def stored(self, labels: pa.ChunkedArray) -> pa.ChunkedArray:
        """Convert labels to the numbers of their classes."""
        import pyarrow as pa
        import pyarrow.compute as pc

        places = self._places()
        found = pc.index_in(labels, value_set=pa.array(list(places)))
        return pc.cast(pc.take(pa.array(list(places.values()), self.label_type()), found), self.label_type())

    def unlearnable(self, labels: Labels) -> str | None:
        """Refuse rows that all have one class, or none."""
        import numpy as np

        present = [self.use_case.classes[int(each)] for each in np.unique(labels)]
        if len(present) > 1:
            return None
        return f"there is only the class {present[0]}" if present else "no row has a class"

    def folds(self, count: int, seed: int) -> BaseCrossValidator:
        """Return folds in which each class has the same share."""
        from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

        kind = StratifiedGroupKFold if self.use_case.group else StratifiedKFold
        return kind(count, shuffle=True, random_state=seed)

    def probabilities(self, scores: Floats) -> Floats:
        """Return the probability of each class, shape (n, k)."""
        import numpy as np

        return scores if scores.ndim > 1 else np.column_stack([1 - scores, scores])

    def guess(self, metric: str, learned: Labels) -> Any:  # noqa: ANN401 - a row of probabilities
        """Return the classes' shares for metrics of probabilities; for others, certainty of the best class."""
        import numpy as np

        shares = np.bincount(learned.astype(int), minlength=len(self.use_case.classes)) / len(learned)
        if metric in ("log_loss", "brier", "roc_auc", "average_precision"):
            return shares
        if metric == "cost":
            best = int(np.argmin(shares @ np.array(self.use_case.decision.costs)))
        else:
            best = 1 if metric == "f1" else int(np.argmax(shares))
        return np.eye(len(shares))[best]

    def guessed_from(self, metric: str, train: pd.DataFrame, holdout: pd.DataFrame) -> list[pd.DataFrame]:
        """Add the holdout itself where higher is better: the class that was the more frequent one may be so no more."""
        return [train] if METRICS[metric].lower_is_better else [train, holdout]

    def close(self, judged: Judged) -> Floats:
        """Return hits, figures of blocks, squared distances of the probabilities or costs, depending on the metric."""
        import numpy as np

        name, table = self.metric.name, class_metrics.probabilities(judged)
        if self.blocked:
            by_rank = _BY_BLOCKS[name] == "ROC AUC"
            return blocks.rankings(judged.labels, table) if by_rank else blocks.recalls(judged.labels, judged.predicted)
        if name in ("log_loss", "brier"):
            most = 1 if judged.scores.ndim == 1 else 2
            return 1 - class_metrics.brier_losses(judged) / most
        if name == "cost":
            costs = np.array(self.use_case.decision.costs)
            spread = max(float(costs.max() - costs.min()), 1e-300)
            return np.asarray(1 - (self._costs(judged) - costs.min()) / spread, dtype=float)
        return np.asarray(judged.predicted == judged.labels, dtype=float)

    @property
    def blocked(self) -> bool:
        """Whether the metric depends on how many rows each class has."""
        return self.metric.name in _BY_BLOCKS

    @property
    def closeness(self) -> str:
        """Name of the compared figure: the accuracy, or the metric of the blocks."""
        return _BY_BLOCKS.get(self.metric.name, "accuracy" if self.metric.name == "accuracy" else "closeness")

    @property
    def unit(self) -> str:
        """Blocks of rows if the metric weighs classes."""
        return "block of rows with each class" if self.blocked else super().unit

    def weights(self, labels: Labels) -> Floats | None:
        """Return the weights of `training.class_weight`."""
        import numpy as np

        given, classes = self.use_case.training.class_weight, self.use_case.classes
        if given is None:
            return None
        places = labels.astype(int)
        if isinstance(given, dict):
            weights: Floats = np.array([given.get(name, 1.0) for name in classes])[places]
            return weights
        counts = np.bincount(places, minlength=len(classes))
        balanced: Floats = (len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1)))[places]
        return balanced

    def slice_limits(self) -> list[Limit]:
        """Add the limit on the accuracy, if the config has one."""
        least = self.use_case.gates.slice_min_accuracy
        own = [] if least is None else [Limit(METRICS["accuracy"], least)]
        return [*super().slice_limits(), *own]


@dataclass(frozen=True)
class ClassReporting(Reporting):
    """Figures, alerts and plots of the confidence."""

    use_case: Any  # a ClassUseCase, of the class of each kind
    alerts: ClassVar[tuple[str, ...]] = confidence.ALERTS
    advice: ClassVar[Mapping[str, str]] = confidence.ADVICE
    trend: ClassVar[str] = confidence.MEAN

    @abstractmethod
    def confidences(self, scores: Floats) -> Floats:
        """Probabilities of the predicted class, shape (n,)."""

    def profile(self, scores: Floats) -> dict[str, Any]:
        """Return the distribution of the confidence and its figures, except the mean, which the distribution has."""
        from sluss.statistics.distributions import number_part

        own = self.figures(scores)
        del own[confidence.MEAN]
        return {"confidence": number_part(self.confidences(scores)), **own}

    def score_range(self, usual: Sequence[float]) -> tuple[float, float]:  # noqa: ARG002 - the same for all
        """Return the range of probabilities."""
        return 0.0, 1.0

    def figures(self, scores: Floats) -> dict[str, float]:
        """Return the figures of the confidence."""
        return confidence.figures(self.confidences(scores), self.use_case.monitoring)

    def metrics(self, summary: Summary, conditions: Sequence[Condition]) -> dict[str, float]:
        """Return the metrics of the confidence."""
        return confidence.metrics(summary, conditions)

    def conditions(self, summary: Summary, usual: Mapping[str, Any], history: FigureHistory) -> list[Condition]:
        """Return the conditions on the confidence."""
        return confidence.conditions(summary, usual, history, self.use_case, self.use_case.monitoring)

    def mute(self, usual: Mapping[str, Any]) -> str:
        """Refuse limits that no confidence can pass."""
        return confidence.mute(usual, len(self.use_case.classes), self.use_case.monitoring)

    def facts(self, summary: Summary) -> dict[str, str]:
        """Return the summary's line on the confidence."""
        return confidence.facts(summary, self.use_case.monitoring)

    def cells(self, summary: Summary) -> dict[str, str]:
        """Return the cells of the confidence in the report's table."""
        return confidence.cells(summary)

    def interval_plots(self, seen: Sequence[Summary], usual: Mapping[str, Any]) -> list[Plot]:
        """The confidence over the intervals."""
        return confidence.interval_plots(seen, usual, self.use_case.monitoring)
