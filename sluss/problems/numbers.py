"""Prediction of a number: config and judging that a regression and predicted quantiles share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from sluss.config.base import Frozen
from sluss.config.curation import Column
from sluss.config.gates import Gates
from sluss.problems.judging import Judging, Limit
from sluss.problems.metrics import METRICS, Metric
from sluss.problems.sections import ProblemUseCase

if TYPE_CHECKING:
    import pyarrow as pa
    from sklearn.base import BaseEstimator
    from sklearn.model_selection import BaseCrossValidator

    from sluss.arrays import Labels


class RegressionGates(Gates):
    """Limits that a regressor must meet."""

    slice_max_error: float | None = Field(
        None,
        gt=0,
        description="Regression, `quality`: largest mean absolute error on each slice of the holdout, in the target's "
        "unit, whatever the metric",
    )
    error_cap: float = Field(
        gt=0,
        description="Regression, `quality`: in the comparison with the champion, an error of so much or more, in the "
        "target's unit, counts as the worst: closeness is 1 without an error and 0 from here on",
    )


class ErrorCosts(Frozen):
    """Money that an error costs, for each unit of the target."""

    under: float = Field(ge=0, description="Cost of a unit that was predicted too little")
    over: float = Field(ge=0, description="Cost of a unit that was predicted too much")
    currency: str = Field("", description="Unit of the costs, for sentences")

    @model_validator(mode="after")
    def _cost_something(self) -> ErrorCosts:
        if not self.under + self.over:
            raise ValueError("under or over must be above 0")
        return self


class Target(Frozen):
    """The number that a regression predicts."""

    title: str = Field(description="What people call it in reports and plots")
    unit: str = Field(description="What it is measured in, such as pieces or °C")
    minimum: float | None = Field(None, description="Smallest label that can be; a smaller one goes to quarantine")
    maximum: float | None = Field(None, description="Largest label that can be; a larger one goes to quarantine")
    costs: ErrorCosts | None = Field(None, description="Cost of errors, for `metric: cost`")

    @model_validator(mode="after")
    def _is_a_range(self) -> Target:
        if self.minimum is not None and self.maximum is not None and self.minimum >= self.maximum:
            raise ValueError("minimum must be less than maximum")
        return self


class NumberUseCase(ProblemUseCase):
    """A use case whose labels are numbers."""

    gates: RegressionGates
    target: Target = Field(description="Regression: the number to predict")


def is_regressor(estimator: BaseEstimator) -> bool:
    """Whether scikit-learn calls it a regressor."""
    from sklearn.base import is_regressor

    return bool(is_regressor(estimator))


@dataclass(frozen=True)
class NumberJudging(Judging):
    """Judging of labels that are numbers."""

    use_case: Any  # a NumberUseCase, of the class of each kind

    @property
    def label(self) -> Column:
        """A number within the target's bounds."""
        target = self.use_case.target
        return Column(kind="number", minimum=target.minimum, maximum=target.maximum)

    def label_type(self) -> pa.DataType:
        """A double-precision number."""
        import pyarrow as pa

        return pa.float64()

    def unlearnable(self, labels: Labels) -> str | None:
        """Refuse labels that are all equal."""
        return None if len(set(labels)) > 1 else "all have the same label"

    def folds(self, count: int, seed: int) -> BaseCrossValidator:
        """Return folds of the same size."""
        from sklearn.model_selection import GroupKFold, KFold

        return (GroupKFold if self.use_case.group else KFold)(count, shuffle=True, random_state=seed)

    def in_unit(self, metric: Metric) -> str:
        """The target's unit of errors in it, the currency of costs."""
        if metric.name in ("mae", "rmse", "pinball", "interval_score"):
            return f" {self.use_case.target.unit}"
        return f" {self.use_case.target.costs.currency}".rstrip() if metric.name == "cost" else ""

    def slice_limits(self) -> list[Limit]:
        """Add the limit on the mean absolute error, if the config has one."""
        most = self.use_case.gates.slice_max_error
        own = [] if most is None else [Limit(METRICS["mae"], most)]
        return [*super().slice_limits(), *own]
