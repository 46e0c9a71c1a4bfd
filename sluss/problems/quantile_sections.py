"""The config of a use case whose predictions are quantiles of a number."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sluss.config.training import Training
from sluss.problems.numbers import NumberUseCase


class QuantileTraining(Training):
    """How quantiles are learned and judged."""

    metric: Literal["pinball", "interval_score"]


class Quantiles(NumberUseCase):
    """A use case whose predictions are quantiles of a number."""

    training: QuantileTraining
    quantiles: tuple[float, ...] = Field(
        min_length=2, description="Quantile regression: levels of the quantiles to predict, such as 0.1, 0.5, 0.9"
    )

    @model_validator(mode="after")
    def _levels_are_in_order(self) -> Quantiles:
        levels = self.quantiles
        if not all(0 < level < 1 for level in levels) or sorted(set(levels)) != list(levels):
            raise ValueError("quantiles must be between 0 and 1, each above the one before")
        return self

    @property
    def middle(self) -> int:
        """The place of the level next to the median."""
        return min(range(len(self.quantiles)), key=lambda place: abs(self.quantiles[place] - 0.5))
