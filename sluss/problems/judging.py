"""The part of a problem that judges scores by the labels. Everything is judged by the metric of the config."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sluss.problems import metrics
from sluss.problems.metrics import METRICS, Judged, Measure, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    import pyarrow as pa
    from sklearn.model_selection import BaseCrossValidator

    from sluss.arrays import Floats, Labels
    from sluss.config.curation import Column
    from sluss.config.use_case import UseCase
    from sluss.problems.entity_precision import Ranking
    from sluss.statistics.figures import Estimate

LabelsAre = Literal["classes", "numbers", "lists"]


@dataclass(frozen=True)
class Limit:
    """A limit of the config on a metric: the value that must be reached or not passed."""

    metric: Metric
    value: float

    def broken_by(self, value: float) -> bool:
        """Whether a value is on the wrong side."""
        return value > self.value if self.metric.lower_is_better else value < self.value


@dataclass(frozen=True)
class Forecast:
    """Probabilities of n events, and which of them happened (1) or did not (0). `name` says of what."""

    name: str
    probabilities: Floats
    happened: Floats


class Judging(ABC):
    """How good scores are, given the labels: metrics, baseline, slices, and the comparison of two models."""

    labels_are: ClassVar[LabelsAre] = "numbers"
    guessing: ClassVar[str] = "Guessing"  # the baseline, to begin a sentence with
    exact: ClassVar[Mapping[str, Callable[[Judged], Estimate | None]]] = MappingProxyType({})  # better intervals
    use_case: UseCase

    @property
    def metric(self) -> Metric:
        """The metric by which everything is judged."""
        return METRICS[self.use_case.training.metric]

    @property
    @abstractmethod
    def label(self) -> Column:
        """Schema of a label that comes from the warehouse."""

    @abstractmethod
    def label_type(self) -> pa.DataType:
        """The type of a label in the lake."""

    def stored(self, labels: pa.ChunkedArray) -> pa.ChunkedArray:
        """Labels from the warehouse, which fit `label`, as the lake keeps them."""
        import pyarrow.compute as pc

        return pc.cast(labels, self.label_type())

    @abstractmethod
    def unlearnable(self, labels: Labels) -> str | None:
        """Why no model can be trained or judged on these labels, to come after "Among the rows"."""

    @abstractmethod
    def folds(self, count: int, seed: int) -> BaseCrossValidator:
        """The folds of a cross-validation, shuffled by the seed; rows of one group are in one fold."""

    def weights(self, labels: Labels) -> Floats | None:  # noqa: ARG002 - most kinds have none
        """Weights of the rows in the fit that follow from their labels, shape (n,), or None."""
        return None

    @property
    @abstractmethod
    def measures(self) -> Mapping[str, Measure]:
        """The metrics of this problem by name."""

    @abstractmethod
    def judged(self, labels: Labels, scores: Floats, groups: Any = None) -> Judged:  # noqa: ANN401 - array or None
        """Labels and scores with the predictions that follow from them."""

    @abstractmethod
    def guess(self, metric: str, learned: Labels) -> Any:  # noqa: ANN401 - a number, or a row of them
        """The score that is best for a metric when it must be the same for all rows, from the labels learned from."""

    def probabilities(self, scores: Floats) -> Floats | None:  # noqa: ARG002 - most kinds have none
        """The probability of each class, shape (n, k); None where scores are no probabilities."""
        return None

    @abstractmethod
    def close(self, judged: Judged) -> Floats:
        """How close scores are to their labels, from 0 (the worst) to 1 (no error).

        One figure for each row, or block of rows, in the order in which they happened. Their mean stands for the metric
        where two models are compared.
        """

    @property
    def closeness(self) -> str:
        """The mean of these figures, in words."""
        return "closeness"

    @property
    def unit(self) -> str:
        """The unit that each figure of `close` belongs to, one of them: a row, a group or a block."""
        return "group" if self.use_case.group else "row"

    @property
    def blocked(self) -> bool:
        """Whether these figures are of blocks of rows, so that each group counts by one of its rows."""
        return False

    @property
    def series(self) -> str | None:
        """The column that names the series of a row, where labels of one series may be many times those of another."""
        return None

    def forecasts(self, labels: Labels, scores: Floats) -> list[Forecast]:  # noqa: ARG002 - a kind may have none
        """The probabilities that the scores state, with what happened."""
        return []

    def closeness_by_unit(self, labels: Labels, scores: Floats, groups: Any = None) -> Floats:  # noqa: ANN401
        """Return `close`, of each row, block or group that `unit` names, in the order in which they came first.

        Rows of one group are not independent, so a group counts once, by the mean of its rows. A figure of a block of
        rows has no mean over a group: there, each group is represented by its first row.
        """
        import numpy as np
        import pandas as pd

        if groups is None:
            return self.close(self.judged(labels, scores))
        codes, names = pd.factorize(np.asarray(groups), use_na_sentinel=False)
        if self.blocked:
            first = np.unique(codes, return_index=True)[1]
            return self.close(self.judged(labels[first], scores[first]))
        sums = np.bincount(codes, weights=self.close(self.judged(labels, scores)), minlength=len(names))
        means: Floats = sums / np.bincount(codes, minlength=len(names))
        return means

    def by_holdout(self, holdout: pd.DataFrame, scores: Floats) -> UseCase:  # noqa: ARG002 - most kinds leave nothing
        """Return the use case with the values that the config leaves to the holdout, from its rows and scores.

        Raises:
            ModelError: the holdout gives none.
        """
        return self.use_case

    @property
    def ranking(self) -> Ranking | None:
        """The entities that are ranked on each day, if predictions are looked into by entity."""
        return None

    def value(self, labels: Labels, scores: Floats, metric: str = "") -> float | None:
        """A metric, by default the config's; None where the rows do not define it."""
        judged = self.judged(labels, scores)
        found = self.measures[metric or self.metric.name](judged) if len(judged) else None
        return None if found is None else found.value

    def metrics(self, labels: Labels, scores: Floats) -> dict[str, float]:
        """All metrics that the rows define."""
        judged = self.judged(labels, scores)
        found = {name: measure(judged) for name, measure in self.measures.items()}
        return {name: each.value for name, each in found.items() if each is not None}

    def estimate(self, labels: Labels, scores: Floats, groups: Any = None) -> Estimate | None:  # noqa: ANN401
        """The metric with its interval; None where the rows do not define it."""
        import numpy as np

        if not len(labels) or not np.isfinite(scores).all():
            return None
        judged, name = self.judged(labels, scores, groups), self.metric.name
        if groups is None and name in self.exact:
            return self.exact[name](judged)
        return metrics.estimate(name, judged, self.measures[name])

    def estimate_of(self, metric: str, labels: Labels, scores: Floats) -> Estimate | None:
        """Another metric of the problem with its interval; None where the rows do not define it."""
        import numpy as np

        if not len(labels) or not np.isfinite(scores).all():
            return None
        judged = self.judged(labels, scores)
        return (
            self.exact[metric](judged)
            if metric in self.exact
            else metrics.estimate(metric, judged, self.measures[metric])
        )

    def baseline(self, train: pd.DataFrame, holdout: pd.DataFrame) -> dict[str, float]:
        """Each metric, on the holdout, of the best constant guess."""
        labels, found = holdout["label"].to_numpy(), dict[str, float]()
        for name in self.measures:
            values = [self.value(labels, guess, name) for guess in self._guesses(name, train, holdout)]
            if known := [value for value in values if value is not None]:
                found[f"baseline_{name}"] = best(METRICS[name])(known)
        return found

    def guess_scores(self, train: pd.DataFrame, holdout: pd.DataFrame) -> Floats | None:
        """The best constant guess for the config's metric as scores of the holdout; None where no guess is beaten."""
        labels = holdout["label"].to_numpy()
        guesses = self._guesses(self.metric.name, train, holdout)
        found = [(value, guess) for guess in guesses if (value := self.value(labels, guess)) is not None]
        return best(self.metric)(found, key=lambda each: each[0])[1] if found else guesses[0]

    def _guesses(self, metric: str, train: pd.DataFrame, holdout: pd.DataFrame) -> list[Floats]:
        """Scores of the holdout by one guess for each of the tables that `guessed_from` has."""
        import numpy as np

        learned = [each["label"].to_numpy() for each in self.guessed_from(metric, train, holdout) if len(each)]
        return [np.repeat(np.array([self.guess(metric, labels)]), len(holdout), 0) for labels in learned]

    def guessed_from(
        self,
        metric: str,  # noqa: ARG002 - a kind may know better for some
        train: pd.DataFrame,
        holdout: pd.DataFrame,  # noqa: ARG002
    ) -> list[pd.DataFrame]:
        """The rows whose labels a constant guess may be chosen by."""
        return [train]

    def chance_of_gain(
        self,
        train: pd.DataFrame,  # noqa: ARG002 - a kind may have a baseline that is hard to beat by a measurable gain
        holdout: pd.DataFrame,  # noqa: ARG002
        scores: Floats,  # noqa: ARG002
    ) -> float:
        """By how much a gain on the holdout may be smaller than it has to be, because chance explains it."""
        return 0.0

    def compared(
        self,
        train: pd.DataFrame,  # noqa: ARG002 - a kind may have none
        holdout: pd.DataFrame,  # noqa: ARG002
        scores: Floats,  # noqa: ARG002
    ) -> dict[str, float]:
        """More figures of the holdout, by name: of other predictions, or of alerts. Both tables have labels."""
        return {}

    def gain(self, value: float, baseline: float) -> float:
        """How much better than guessing a value is, at most 1. Of a loss, the share of the baseline's that is gone.

        That share is a skill score: A. H. Murphy (1988), Monthly Weather Review 116, 2417–2424.
        """
        if not self.metric.lower_is_better:
            return value - baseline
        return 1 - value / baseline if baseline else float(value <= baseline)

    @property
    def gain_of(self) -> str:
        """The whole of which a gain is a part, to come after "by 0.050"."""
        return " of that" if self.metric.lower_is_better else ""

    def told(self, value: float, metric: Metric | None = None) -> str:
        """A value of a metric, by default the config's, in words."""
        metric = metric or self.metric
        if not metric.lower_is_better:
            return f"{value:.3f}"
        name = metric.title[0].lower() + metric.title[1:]
        article = "an" if name[0] in "aeiou" else "a"
        return f"{article} {name} of {value:.3g}{self.in_unit(metric)}"

    def in_unit(self, metric: Metric) -> str:  # noqa: ARG002 - most metrics have none
        """The unit of a metric, after a space; empty where it has none."""
        return ""

    def floor(self) -> Limit:
        """The limit on the metric on the holdout."""
        gates, lower = self.use_case.gates, self.metric.lower_is_better
        value = gates.max_metric if lower else gates.min_metric
        assert value is not None  # the config is checked
        return Limit(self.metric, value)

    def slice_limits(self) -> list[Limit]:
        """The limits on each slice of the holdout, that on the metric first."""
        gates, lower = self.use_case.gates, self.metric.lower_is_better
        value = gates.slice_max_metric if lower else gates.slice_min_metric
        return [] if value is None else [Limit(self.metric, value)]

    def slice_metrics(self) -> list[Metric]:
        """The metrics of each slice: those with a limit, and the config's."""
        return list(dict.fromkeys([*(limit.metric for limit in self.slice_limits()), self.metric]))


def worst(metric: Metric) -> Callable[..., Any]:
    """The function that finds the worst of several values."""
    return max if metric.lower_is_better else min


def best(metric: Metric) -> Callable[..., Any]:
    """The function that finds the best of several values."""
    return min if metric.lower_is_better else max
