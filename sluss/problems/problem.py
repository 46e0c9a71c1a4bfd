"""The interface of a kind of prediction problem, split by who asks: scoring, judging, reporting."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from sluss.errors import ConfigError
from sluss.statistics.figures import SCORE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    import pyarrow as pa
    from matplotlib.figure import Figure
    from sklearn.base import BaseEstimator
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats, Labels
    from sluss.charts.plot import Plot
    from sluss.config.use_case import UseCase
    from sluss.problems.condition import Condition, FigureHistory
    from sluss.problems.judging import Judging
    from sluss.statistics.distributions import Distribution
    from sluss.statistics.figures import Summary


class Scoring(ABC):
    """Scores of raw rows, and the columns of the table `predictions` that follow from them.

    Scores are floats of shape (n,) or (n, k): probabilities, predicted numbers or predicted quantiles. The column
    `score` has one figure a row; where scores are more than that, they stand in the column `wide`, a list a row.
    """

    estimator: ClassVar[str]  # the estimator that a pipeline has to end with, in words
    model_type: ClassVar[str]  # MLflow's word for it
    method: ClassVar[str]  # of the pipeline, which gives the scores
    wide: ClassVar[str | None] = None  # the column that has the k figures of each row

    @abstractmethod
    def fits(self, estimator: BaseEstimator) -> bool:
        """Whether an estimator has the method that gives scores."""

    def assemble(self, pipeline: Pipeline) -> None:  # noqa: B027 - most kinds have nothing to assemble
        """Replace the estimator of an unfitted pipeline by one that gives all the scores, where it does not."""

    def for_search(self, pipeline: Pipeline) -> tuple[Pipeline, str]:
        """The pipeline that a search tries, before `assemble`, and the place of the estimator's parameters in it."""
        return pipeline, "estimator"

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
        """Scores of n rows of raw features."""
        return self.of_output(pipeline, getattr(pipeline, self.method)(features))

    def of_output(self, pipeline: Pipeline, output: Floats) -> Floats:  # noqa: ARG002 - most kinds need no pipeline
        """Scores from the output of the pipeline's method."""
        return output

    def none(self) -> Floats:
        """Scores of no rows."""
        import numpy as np

        return np.empty(0)

    def scalar(self, scores: Floats) -> Floats:
        """The column `score`, shape (n,)."""
        return scores

    @abstractmethod
    def wrong(self, scores: Floats) -> str | None:
        """Why scores cannot be right, in words, or None."""

    @property
    def stored(self) -> list[str]:
        """Columns from which `read` gets the scores."""
        return ["score"] if self.wide is None else ["score", self.wide]

    def read(self, rows: pd.DataFrame) -> Floats:
        """Scores from the columns of a table."""
        import numpy as np

        if self.wide is None:
            return rows["score"].to_numpy(dtype=float)
        return np.stack(rows[self.wide].to_list()) if len(rows) else self.none()

    def frame(self, scores: Floats) -> dict[str, Any]:
        """The columns that `read` reads, for a frame of pandas."""
        found: dict[str, Any] = {"score": self.scalar(scores)}
        return found if self.wide is None else found | {self.wide: list(scores)}

    def columns(self, scores: Floats) -> dict[str, pa.Array]:
        """Columns of the table `predictions`, n rows each: `score` and those that follow from the scores."""
        import pyarrow as pa

        found = {"score": pa.array(self.scalar(scores), pa.float64())}
        if self.wide is None:
            return found
        offsets = pa.array([number * scores.shape[1] for number in range(len(scores) + 1)], pa.int32())
        return found | {self.wide: pa.ListArray.from_arrays(offsets, pa.array(scores.ravel(), pa.float64()))}

    @abstractmethod
    def receipt(self, prediction: Mapping[str, Any]) -> dict[str, str | float]:
        """The prediction of one row of that table, for a person."""


class Reporting(ABC):
    """The figures that the monitor measures of scores, its own alerts on them, words and plots."""

    alerts: ClassVar[tuple[str, ...]] = ()  # types of the alerts that only this kind has
    advice: ClassVar[Mapping[str, str]] = MappingProxyType({})  # for each of them, the next thing to do
    trend: ClassVar[str | None] = None  # the figure of which `conditions` needs the history

    def distributions(self, scores: Floats) -> dict[str, Distribution]:
        """Distributions of the scores that are compared with those on the holdout: at least that of `score`."""
        from sluss.statistics.distributions import number_part

        return {SCORE: number_part(scores)}

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
        history: FigureHistory,  # noqa: ARG002
    ) -> list[Condition]:
        """The verdicts on this kind's own alerts.

        Args:
            summary: figures of the interval.
            usual: the parts of the reference profile that `profile` gave.
            history: of the figure `trend`.
        """
        return []

    def mute(self, usual: Mapping[str, Any]) -> str:  # noqa: ARG002 - a kind may have no alerts of its own
        """Why one of this kind's own alerts could never be raised, or nothing. `usual` is what `profile` gave."""
        return ""

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
    """An entry of the table of problems. The `keys` of a use case's file determine it; `noun` names it."""

    noun: str
    keys: tuple[str, ...]
    sections: type[UseCase]
    make: Callable[[Any], Problem]  # from a use case of the class `sections`
    fits: Callable[[dict[str, Any]], bool] = lambda _: True  # whether the values of the keys are of this kind
