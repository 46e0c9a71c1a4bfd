"""Regression: a score is the predicted number, in the target's unit."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import model_validator

from sluss.config.training import Training
from sluss.problems import number_metrics
from sluss.problems.metrics import Judged, Measure, Measured, mean_of
from sluss.problems.numbers import NumberJudging, NumberUseCase, is_regressor
from sluss.problems.problem import Problem, ProblemKind, Reporting, Scoring

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure
    from sklearn.base import BaseEstimator

    from sluss.arrays import Floats, Labels
    from sluss.problems.condition import Condition
    from sluss.statistics.figures import Summary


class RegressionTraining(Training):
    """How a regressor is trained and judged."""

    metric: Literal["r2", "d2_absolute_error_score", "mae", "rmse", "mape", "cost"]


class Regression(NumberUseCase):
    """A use case whose predictions are numbers."""

    training: RegressionTraining

    @model_validator(mode="after")
    def _costs_are_given(self) -> Regression:
        if self.training.metric == "cost" and self.target.costs is None:
            raise ValueError("the metric cost needs target.costs")
        return self


@dataclass(frozen=True)
class NumberScoring(Scoring):
    """Scores are the predicted numbers."""

    use_case: Regression
    estimator: ClassVar[str] = "a regressor"
    model_type: ClassVar[str] = "regressor"
    method: ClassVar[str] = "predict"

    def fits(self, estimator: BaseEstimator) -> bool:
        """Whether scikit-learn calls it a regressor."""
        return is_regressor(estimator)

    def wrong(self, scores: Floats) -> str | None:
        """Infinite, or not a number."""
        import numpy as np

        return None if np.isfinite(scores).all() else "not finite numbers"

    def receipt(self, prediction: Mapping[str, Any]) -> dict[str, str | float]:
        """The number with its unit."""
        return {"predicted": f"{prediction['score']:.4g} {self.use_case.target.unit}"}


@dataclass(frozen=True)
class RegressionJudging(NumberJudging):
    """Judges predicted numbers."""

    of_all: ClassVar[Mapping[str, Measure]] = MappingProxyType(
        {
            "r2": number_metrics.r2,
            "d2_absolute_error_score": number_metrics.d2,
            "mae": number_metrics.mae,
            "rmse": number_metrics.rmse,
            "mape": number_metrics.mape,
        }
    )

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Metrics of every regression, and the cost if the target has costs."""
        return {**self.of_all, **({"cost": self._mean_cost} if self.use_case.target.costs else {})}

    def _costs(self, judged: Judged) -> Floats:
        import numpy as np

        costs, under = self.use_case.target.costs, judged.labels - judged.predicted
        found: Floats = np.maximum(under, 0) * costs.under + np.maximum(-under, 0) * costs.over
        return found

    def _mean_cost(self, judged: Judged) -> Measured | None:
        return mean_of(self._costs(judged))

    def judged(self, labels: Labels, scores: Floats, groups: Any = None) -> Judged:  # noqa: ANN401 - array or None
        """The scores are the predictions."""
        return Judged(labels, scores, scores, groups)

    def guess(self, metric: str, learned: Labels) -> Any:  # noqa: ANN401 - a number
        """The mean for squared errors, the median for absolute ones, a quantile for costs."""
        import numpy as np

        if metric in ("r2", "rmse"):
            return float(np.mean(learned))
        if metric == "mape":  # the median by weights that make its absolute errors relative ones
            ordered = np.sort(learned)
            weights = np.cumsum(1 / np.maximum(np.abs(ordered), np.finfo(float).eps))
            return float(ordered[np.searchsorted(weights, weights[-1] / 2)])
        costs = self.use_case.target.costs
        return float(np.quantile(learned, costs.under / (costs.under + costs.over) if metric == "cost" else 0.5))

    def close(self, judged: Judged) -> Floats:
        """1 less the row's loss, which is capped at that of an error of `gates.error_cap` and divided by it."""
        import numpy as np

        cap, name = self.use_case.gates.error_cap, self.metric.name
        errors = number_metrics.absolute_errors(judged)
        losses: Floats = errors / cap
        if name in ("r2", "rmse"):
            losses = losses**2
        elif name == "mape":
            losses = number_metrics.relative_errors(judged)
        elif name == "cost":
            costs = self.use_case.target.costs
            losses = self._costs(judged) / (cap * max(costs.under, costs.over))
        # Capped, because the betting test needs bounded differences.
        close: Floats = 1 - np.minimum(losses, 1)
        return close


@dataclass(frozen=True)
class NumberReporting(Reporting):
    """The mean of the predictions; a regressor gives no confidence."""

    use_case: Regression

    def score_range(self, usual: Sequence[float]) -> tuple[float, float]:
        """Return the smallest and the largest score on the holdout."""
        return float(usual[0]), float(usual[-1])

    def metrics(self, summary: Summary, conditions: Sequence[Condition]) -> dict[str, float]:  # noqa: ARG002 - none
        """The mean."""
        return {"mean_prediction": summary.mean_score}

    def in_words(self, summary: Summary) -> str:
        """Return the mean prediction in words."""
        target = self.use_case.target
        return f"the mean {target.title.lower()} {summary.mean_score:.3g} {target.unit}"

    @property
    def score_means(self) -> str:
        """The target with its unit."""
        return f"predicted {self.use_case.target.title.lower()} in {self.use_case.target.unit}"

    def plots(self, labels: Labels, scores: Floats) -> dict[str, Figure]:
        """Actual against predicted values, residuals against predicted values, and how residuals are distributed."""
        from sluss.problems import holdout_plots

        unit = self.use_case.target.unit
        return {
            "predicted_against_actual": holdout_plots.prediction_errors(labels, scores, unit),
            "residuals": holdout_plots.residuals(labels, scores, unit),
            "residual_distribution": holdout_plots.residual_distribution(labels, scores, unit),
        }


def problem(use_case: Regression) -> Problem:
    """The problem of a use case with a target."""
    return Problem(NumberScoring(use_case), RegressionJudging(use_case), NumberReporting(use_case))


KIND = ProblemKind("a regression", ("target",), Regression, problem)
