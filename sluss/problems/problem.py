"""What a kind of prediction problem has to say. All else is the same for every kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from sluss.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa
    from matplotlib.figure import Figure
    from sklearn.base import BaseEstimator
    from sklearn.model_selection import BaseCrossValidator
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats, Labels
    from sluss.config.data import Column
    from sluss.statistics.figures import Summary


class Problem(ABC):
    """One kind of prediction problem, for one use case.

    Labels are the truth, of shape (n,). Scores are what a model gives for the rows, of shape (n,) too: in a
    classification probabilities of the second class, in a regression the predicted numbers themselves.
    """

    estimator: str  # what a pipeline has to end with, in words
    model_type: str  # MLflow's word for it
    method: str  # of the pipeline, which gives the scores
    row_metric: str  # a metric that is the mean of one figure a row: what slices and the baseline are judged by
    worst: Callable[..., Any]  # `min` or `max`: which of several values of that metric is the worst
    gain_of: str  # what a gain over the baseline is a part of, to come after "by 0.050"
    guessing: str  # the baseline, in words
    closeness: str  # the mean of `close`, in a word

    @property
    @abstractmethod
    def label(self) -> Column:
        """What a good label looks like when it comes from the warehouse."""

    @abstractmethod
    def label_type(self) -> pa.DataType:
        """The type of a label in the lake."""

    @abstractmethod
    def unlearnable(self, labels: Labels) -> str | None:
        """What keeps a model from being learned from these labels or judged on them, to come after "Among the rows"."""

    @abstractmethod
    def fits(self, estimator: BaseEstimator) -> bool:
        """Whether an estimator gives what this kind asks for."""

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

    @abstractmethod
    def folds(self, count: int, seed: int) -> BaseCrossValidator:
        """The folds of a cross-validation, shuffled by the seed."""

    def scores(self, pipeline: Pipeline, features: Any) -> Floats:  # noqa: ANN401 - whatever the pipeline takes
        """Scores of n rows of raw features, shape (n,)."""
        given: Floats = getattr(pipeline, self.method)(features)
        return given[:, -1] if given.ndim == 2 else given

    @abstractmethod
    def metrics(self, labels: Labels, scores: Floats) -> dict[str, float]:
        """All metrics of scores, by scikit-learn's names."""

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

    @abstractmethod
    def wrong(self, scores: Floats) -> str | None:
        """What is wrong with scores that cannot be, in words."""

    @abstractmethod
    def predictions(self, scores: Floats) -> dict[str, pa.Array]:
        """What the table `predictions` holds beside the scores, n rows a column."""

    @abstractmethod
    def receipt(self, prediction: Mapping[str, Any]) -> dict[str, str | float]:
        """What one row of that table says to a person beside the score."""

    @abstractmethod
    def profile(self, scores: Floats) -> dict[str, Any]:
        """What the reference profile says of the scores on the holdout beside their distribution."""

    @abstractmethod
    def score_range(self, usual: Sequence[float]) -> tuple[float, float]:
        """Where the histogram of scores begins and ends, given those of the profile in their order."""

    @abstractmethod
    def measured(self, scores: Floats) -> dict[str, float | None]:
        """The figures on an interval's scores in `Summary`; None where this kind has no such figure."""

    @abstractmethod
    def monitored(self, summary: Summary) -> dict[str, float]:
        """The metrics on scores of the monitor's run."""

    @abstractmethod
    def in_words(self, summary: Summary) -> str:
        """What an interval's scores are like, to come after "300 rows"."""

    @property
    @abstractmethod
    def score_means(self) -> str:
        """What a score is, for the axis of a plot."""

    @abstractmethod
    def plots(self, labels: Labels, scores: Floats) -> dict[str, Figure]:
        """Plots of the holdout, by name."""
