"""Regression: a score is the predicted number, in the target's unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from sluss.config.base import Frozen
from sluss.config.data import Column
from sluss.config.gates import Gates
from sluss.config.training import Training
from sluss.config.use_case import UseCase
from sluss.problems import metrics
from sluss.problems.problem import Judging, Problem, ProblemKind, Reporting, Scoring

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from matplotlib.figure import Figure
    from sklearn.base import BaseEstimator
    from sklearn.model_selection import KFold

    from sluss.arrays import Floats, Labels
    from sluss.problems.conditions import Condition
    from sluss.statistics.figures import Estimate, Summary


class RegressionTraining(Training):
    """How a regressor is trained and judged."""

    metric: Literal["r2", "d2_absolute_error_score"]


class RegressionGates(Gates):
    """Limits that a regressor must meet."""

    slice_max_error: float = Field(
        gt=0,
        description="Regression, `quality`: largest mean absolute error on each slice of the holdout, in the target's "
        "unit",
    )
    error_cap: float = Field(
        gt=0,
        description="Regression, `quality`: in the comparison with the champion, an error of so much or more, in the "
        "target's unit, is as bad as can be: closeness is 1 without an error and 0 from here on",
    )


class Target(Frozen):
    """The number that a regression predicts."""

    title: str = Field(description="What people call it in reports and plots")
    unit: str = Field(description="What it is measured in, such as pieces or °C")
    minimum: float | None = Field(None, description="Smallest label that can be; a smaller one goes to quarantine")
    maximum: float | None = Field(None, description="Largest label that can be; a larger one goes to quarantine")

    @model_validator(mode="after")
    def _is_a_range(self) -> Target:
        if self.minimum is not None and self.maximum is not None and self.minimum >= self.maximum:
            raise ValueError("minimum must be less than maximum")
        return self


class Regression(UseCase):
    """A use case whose labels are numbers."""

    training: RegressionTraining
    gates: RegressionGates
    target: Target = Field(description="Regression: the number to predict")


@dataclass(frozen=True)
class NumberScoring(Scoring):
    """Scores are the predicted numbers."""

    use_case: Regression
    estimator: ClassVar[str] = "a regressor"
    model_type: ClassVar[str] = "regressor"
    method: ClassVar[str] = "predict"

    def fits(self, estimator: BaseEstimator) -> bool:
        """Whether scikit-learn calls it a regressor."""
        from sklearn.base import is_regressor

        return bool(is_regressor(estimator))

    def wrong(self, scores: Floats) -> str | None:
        """Infinite, or no number."""
        import numpy as np

        return None if np.isfinite(scores).all() else "no finite numbers"

    def receipt(self, prediction: Mapping[str, Any]) -> dict[str, str | float]:
        """The number with its unit."""
        return {"predicted": f"{prediction['score']:.4g} {self.use_case.target.unit}"}


@dataclass(frozen=True)
class NumberJudging(Judging):
    """Slices and baseline are judged by the mean absolute error."""

    use_case: Regression
    row_metric: ClassVar[str] = "mae"
    worst = max
    gain_of: ClassVar[str] = " of that"
    guessing: ClassVar[str] = "mean absolute error of the training window's median"
    closeness: ClassVar[str] = "closeness"

    @property
    def label(self) -> Column:
        """A number within the target's bounds."""
        target = self.use_case.target
        return Column(kind="number", minimum=target.minimum, maximum=target.maximum)

    def label_type(self) -> pa.DataType:
        """Double."""
        import pyarrow as pa

        return pa.float64()

    def unlearnable(self, labels: Labels) -> str | None:
        """Labels that do not differ."""
        return None if len(set(labels)) > 1 else "all have the same label"

    def folds(self, count: int, seed: int) -> KFold:
        """Of the same size."""
        from sklearn.model_selection import KFold

        return KFold(count, shuffle=True, random_state=seed)

    def metrics(self, labels: Labels, scores: Floats) -> dict[str, float]:
        """R², D² of the absolute error, mean absolute error and root mean squared error."""
        from sklearn import metrics as scorers

        return {
            "r2": float(scorers.r2_score(labels, scores)),
            "d2_absolute_error_score": float(scorers.d2_absolute_error_score(labels, scores)),
            "mae": float(scorers.mean_absolute_error(labels, scores)),
            "rmse": float(scorers.root_mean_squared_error(labels, scores)),
        }

    def estimate(self, labels: Labels, scores: Floats) -> Estimate | None:
        """The metric of the config."""
        return metrics.estimate(self.use_case.training.metric, scores, labels)

    def baseline(self, learned: Labels, labels: Labels) -> dict[str, float]:
        """Each of the guess that is the best for it: the absolute error of the median, the squared one of the mean."""
        import numpy as np

        return {
            "baseline_mae": float(np.abs(labels - np.median(learned)).mean()),
            "baseline_rmse": float(np.sqrt(((labels - learned.mean()) ** 2).mean())),
        }

    def by_row(self, labels: Labels, scores: Floats) -> Floats:
        """Absolute errors, in the target's unit."""
        import numpy as np

        return np.abs(scores - labels)

    def told(self, value: float) -> str:
        """With its name and unit."""
        return f"a mean absolute error of {value:.3g} {self.use_case.target.unit}"

    def gain(self, value: float, baseline: float) -> float:
        """The share of the baseline's error that is gone, a skill score: A. H. Murphy (1988), MWR 116, 2417–2424."""
        return 1 - value / baseline

    def slice_fault(self, value: float) -> str | None:
        """Too large an error."""
        limit, unit = self.use_case.gates.slice_max_error, self.use_case.target.unit
        return (
            f"mean absolute error is {value:.3g} {unit}, more than the {limit:g} of a slice" if value > limit else None
        )

    def close(self, labels: Labels, scores: Floats) -> Floats:
        """1 less the absolute error, which is capped at `gates.error_cap` and divided by it."""
        import numpy as np

        return 1 - np.minimum(self.by_row(labels, scores) / self.use_case.gates.error_cap, 1)


@dataclass(frozen=True)
class NumberReporting(Reporting):
    """The mean of the predictions; a regressor gives no confidence."""

    use_case: Regression

    def score_range(self, usual: Sequence[float]) -> tuple[float, float]:
        """From the smallest to the largest on the holdout."""
        return float(usual[0]), float(usual[-1])

    def metrics(self, summary: Summary, conditions: Sequence[Condition]) -> dict[str, float]:  # noqa: ARG002 - none
        """The mean."""
        return {"mean_prediction": summary.mean_score}

    def in_words(self, summary: Summary) -> str:
        """Their mean."""
        target = self.use_case.target
        return f"the mean {target.title.lower()} {summary.mean_score:.3g} {target.unit}"

    @property
    def score_means(self) -> str:
        """The target with its unit."""
        return f"predicted {self.use_case.target.title.lower()} in {self.use_case.target.unit}"

    def plots(self, labels: Labels, scores: Floats) -> dict[str, Figure]:
        """Actual against predicted values, residuals against predicted values, and how residuals are distributed."""
        from sluss.problems import plots

        unit = self.use_case.target.unit
        return {
            "predicted_against_actual": plots.prediction_errors(labels, scores, unit),
            "residuals": plots.residuals(labels, scores, unit),
            "residual_distribution": plots.residual_distribution(labels, scores, unit),
        }


def problem(use_case: Regression) -> Problem:
    """The problem of a use case with a target."""
    return Problem(NumberScoring(use_case), NumberJudging(use_case), NumberReporting(use_case))


KIND = ProblemKind("a regression", ("target",), Regression, problem)
