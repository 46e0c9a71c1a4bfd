"""Config that the kinds of problem share: the limits of the gates must fit the direction of the metric."""

from __future__ import annotations

from pydantic import model_validator

from sluss.config.use_case import UseCase
from sluss.problems.metrics import METRICS


class ProblemUseCase(UseCase):
    """A use case of some kind of problem."""

    @model_validator(mode="after")
    def _limits_fit_the_metric(self) -> ProblemUseCase:
        gates, metric = self.gates, METRICS[self.training.metric]
        fits, other = ("max", "min") if metric.lower_is_better else ("min", "max")
        better = "lower" if metric.lower_is_better else "higher"
        if getattr(gates, f"{fits}_metric") is None:
            raise ValueError(f"gates.{fits}_metric is missing: of {metric.name}, the {better} the better")
        for key in (f"{other}_metric", f"slice_{other}_metric"):
            if getattr(gates, key) is not None:
                right = key.replace(other, fits)
                raise ValueError(f"gates.{key} cannot limit {metric.name}, the {better} the better; use gates.{right}")
        return self
