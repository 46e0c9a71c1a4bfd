"""The interface of a kind of prediction problem, split by who asks: scoring, judging, reporting."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from sluss.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa
    from matplotlib.figure import Figure
    from sklearn.base import BaseEstimator
    from sklearn.model_selection import BaseCrossValidator
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats, Labels
    from sluss.charts.plot import Plot
    from sluss.config.data import Column
    from sluss.config.use_case import UseCase
    from sluss.problems.conditions import Condition, History
    from sluss.statistics.figures import Estimate, Summary


class Scoring(ABC):
    """Scores of raw rows, and the columns of the table `predictions` that follow from them.

    Scores are floats of shape (n,): in a classification the probability of the second class, in a regression the
    predicted number.
    """

    estimator: ClassVar[str]  # the estimator that a pipeline has to end with, in words
    model_type: ClassVar[str]  # MLflow's word for it
    method: ClassVar[str]  # of the pipeline, which gives the scores

    @abstractmethod
    def fits(self, estimator: BaseEstimator) -> bool:
        """Whether an estimator has the method that gives scores."""

    def check(self, pipeline: Pipeline) -> None:
        """Refuse a pipeline whose estimator is of another kind.

        Raises:
            ConfigError: it is.
        """
        estimator = pipeline.named_steps["estimator"]
        if not self.fits(estimator):
            raise ConfigError(
                f"{type(estimator).__name__} cannot be used: this use case needs {self.estimator}. "
                "Correct training.estimator."
            )

    def scores(self, pipeline: Pipeline, features: Any) -> Floats:  # noqa: ANN401 - whatever the pipeline takes
        """Scores of n rows of raw features, shape (n,)."""
        return self.of_output(getattr(pipeline, self.method)(features))

    def of_output(self, output: Floats) -> Floats:
        """Scores from the output of the pipeline's method."""
        return output

    @abstractmethod
    def wrong(self, scores: Floats) -> str | None:
        """Why scores cannot be right, in words, or None."""

    def columns(self, scores: Floats) -> dict[str, pa.Array]:
        """Columns of the table `predictions`, n rows each: `score` and those that follow from it."""
        import pyarrow as pa

        return {"score": pa.array(scores, pa.float64())}

    @abstractmethod
    def receipt(self, prediction: Mapping[str, Any]) -> dict[str, str | float]:
        """The prediction of one row of that table, for a person."""


class Judging(ABC):
    """How good scores are, given the labels: metrics, baseline, slices, and the comparison of two models."""

    row_metric: ClassVar[str]  # a metric that is the mean of one figure a row: slices and the baseline are judged by it
    worst: ClassVar[Callable[..., Any]]  # `min` or `max`: which of several values of that metric is the worst
    gain_of: ClassVar[str]  # the whole of which a gain over the baseline is a part, to come after "by 0.050"
    guessing: ClassVar[str]  # the baseline, in words
    closeness: ClassVar[str]  # the mean of `close`, in a word

    @property
    @abstractmethod
    def label(self) -> Column:
        """Schema of a label that comes from the warehouse."""

    @abstractmethod
    def label_type(self) -> pa.DataType:
        """The type of a label in the lake."""

    @abstractmethod
    def unlearnable(self, labels: Labels) -> str | None:
        """Why no model can be trained or judged on these labels, to come after "Among the rows"."""

    @abstractmethod
    def folds(self, count: int, seed: int) -> BaseCrossValidator:
        """The folds of a cross-validation, shuffled by the seed."""

    @abstractmethod
    def metrics(self, labels: Labels, scores: Floats) -> dict[str, float]:
        """All metrics of scores, by scikit-learn's names."""

    @abstractmethod
    def estimate(self, labels: Labels, scores: Floats) -> Estimate | None:
        """The use case's metric with its interval; None where the rows do not define it."""

    @abstractmethod
    def baseline(self, learned: Labels, labels: Labels) -> dict[str, float]:
        """Metrics, on `labels`, of always guessing what is best for the labels of the training window, `learned`."""

    @abstractmethod
    def by_row(self, labels: Labels, scores: Floats) -> Floats:
        """The figures of which `row_metric` is the mean, shape (n,)."""

    @abstractmethod
    def told(self, value: float) -> str:
        """A value of `row_metric` in words."""

    @abstractmethod
    def gain(self, value: float, baseline: float) -> float:
        """How much better than guessing a value of `row_metric` is, at most 1."""

    @abstractmethod
    def slice_fault(self, value: float) -> str | None:
        """Why a slice with this value of `row_metric` is not good enough, as the end of a sentence."""

    @abstractmethod
    def close(self, labels: Labels, scores: Floats) -> Floats:
        """How close each score is to its label, from 0 (as bad as can be) to 1 (no error), shape (n,)."""


class Reporting(ABC):
    """The figures that the monitor measures of scores, its own alerts on them, words and plots."""

    alerts: ClassVar[tuple[str, ...]] = ()  # types of the alerts that only this kind has
    advice: ClassVar[Mapping[str, str]] = MappingProxyType({})  # for each of them, the next thing to do
    trend: ClassVar[str | None] = None  # the figure of which `conditions` needs the history

    def profile(self, scores: Floats) -> dict[str, Any]:  # noqa: ARG002 - their distribution is in every profile
        """Parts of the reference profile that only this kind has, from the scores on the holdout."""
        return {}

    @abstractmethod
    def score_range(self, usual: Sequence[float]) -> tuple[float, float]:
        """Where the histogram of scores begins and ends, given those of the profile in their order."""

    def figures(self, scores: Floats) -> dict[str, float]:  # noqa: ARG002 - a kind may have none
        """Figures of an interval's scores, by name."""
        return {}

    @abstractmethod
    def metrics(self, summary: Summary, conditions: Sequence[Condition]) -> dict[str, float]:
        """Metrics of the monitor's run that only this kind has."""

    def conditions(
        self,
        summary: Summary,  # noqa: ARG002 - a kind may have none
        usual: Mapping[str, Any],  # noqa: ARG002
        history: History,  # noqa: ARG002
    ) -> list[Condition]:
        """The verdicts on this kind's own alerts.

        Args:
            summary: figures of the interval.
            usual: the parts of the reference profile that `profile` gave.
            history: of the figure `trend`.
        """
        return []

    @abstractmethod
    def in_words(self, summary: Summary) -> str:
        """An interval's scores in words, to come after "300 rows"."""

    def facts(self, summary: Summary) -> dict[str, str]:  # noqa: ARG002 - a kind may have none
        """Lines of the interval's summary that only this kind has: name and sentence."""
        return {}

    def cells(self, summary: Summary) -> dict[str, str]:  # noqa: ARG002 - a kind may have none
        """Cells of the interval in the report's table, by the heading of their column."""
        return {}

    @property
    @abstractmethod
    def score_means(self) -> str:
        """The meaning of a score, for the axis of a plot."""

    @abstractmethod
    def plots(self, labels: Labels, scores: Floats) -> dict[str, Figure]:
        """Plots of the holdout, by name."""

    def interval_plots(
        self,
        seen: Sequence[Summary],  # noqa: ARG002 - a kind may have none
        usual: Mapping[str, Any],  # noqa: ARG002
    ) -> list[Plot]:
        """Plots of the intervals' figures for the report. `usual` are the parts that `profile` gave."""
        return []


@dataclass(frozen=True)
class Problem:
    """A kind of prediction problem, for one use case."""

    scoring: Scoring
    judging: Judging
    reporting: Reporting


@dataclass(frozen=True)
class ProblemKind:
    """An entry of the table of problems. `keys` of a use case's file belong to it; `noun` names it in sentences."""

    noun: str
    keys: tuple[str, ...]
    sections: type[UseCase]
    make: Callable[[Any], Problem]  # from a use case of the class `sections`
