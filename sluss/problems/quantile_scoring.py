"""How several quantiles of a number are learned and scored: a copy of one estimator for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from sluss.errors import ConfigError
from sluss.problems.numbers import is_regressor
from sluss.problems.problem import Scoring

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sklearn.base import BaseEstimator
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats
    from sluss.problems.quantile_sections import Quantiles

# The parameter of an estimator that holds the level of the quantile, and the ones that make it predict a quantile.
_LEVELS = ("quantile", "quantile_alpha", "alpha")
_LOSSES = ("loss", "objective")


@dataclass(frozen=True)
class QuantileScoring(Scoring):
    """One copy of the estimator for each quantile, side by side; the column `score` has the quantile in the middle.

    The copies stand in scikit-learn's VotingRegressor, whose `transform` gives the prediction of each: a class that
    can be loaded wherever scikit-learn is. Quantiles that cross are put in order, which never makes the pinball loss
    larger: V. Chernozhukov, I. Fernández-Val, A. Galichon (2010), Econometrica 78, 1093–1125.
    """

    use_case: Quantiles
    estimator: ClassVar[str] = "a regressor of a quantile"
    model_type: ClassVar[str] = "regressor"
    method: ClassVar[str] = "transform"
    wide: ClassVar[str] = "quantiles"

    def fits(self, estimator: BaseEstimator) -> bool:
        """Whether it predicts a quantile, or several side by side."""
        from sklearn.ensemble import VotingRegressor

        if isinstance(estimator, VotingRegressor):
            return True
        return is_regressor(estimator) and (has_levels(estimator) or bool(level_of(estimator)))

    def assemble(self, pipeline: Pipeline) -> None:
        """Put a copy for each quantile in the estimator's place, unless it predicts all levels itself."""
        from sklearn.base import clone
        from sklearn.ensemble import VotingRegressor

        one = pipeline.named_steps["estimator"]
        if has_levels(one):
            one.set_params(levels=self.use_case.quantiles)
            return
        if (name := level_of(one)) is None:
            raise ConfigError(
                f"{type(one).__name__} cannot be used: it has no quantile to predict. Take "
                "sklearn.ensemble.HistGradientBoostingRegressor with loss: quantile, or sklearn.linear_model."
                "QuantileRegressor, as training.estimator; or one of components that has a parameter levels."
            )
        copies = [(f"q{level:g}", clone(one).set_params(**{name: level})) for level in self.use_case.quantiles]
        pipeline.steps[-1] = ("estimator", VotingRegressor(copies))

    def for_search(self, pipeline: Pipeline) -> tuple[Pipeline, str]:
        """A parameter is tried in all copies at once: quantiles of different models would not fit each other."""
        from sklearn.base import clone
        from sklearn.pipeline import Pipeline

        from sluss.problems.each_quantile import EachQuantile

        *others, (name, one) = pipeline.steps
        if has_levels(one):
            return Pipeline([*others, (name, clone(one).set_params(levels=self.use_case.quantiles))]), name
        together = EachQuantile(one=clone(one), level=str(level_of(one)), levels=self.use_case.quantiles)
        return Pipeline([*others, (name, together)]), f"{name}__one"

    def of_output(self, pipeline: Pipeline, output: Floats) -> Floats:  # noqa: ARG002 - as it is declared
        """Sort the quantiles of each row."""
        import numpy as np

        return np.sort(output, axis=1)

    def none(self) -> Floats:
        """No rows of quantiles."""
        import numpy as np

        return np.empty((0, len(self.use_case.quantiles)))

    def scalar(self, scores: Floats) -> Floats:
        """The quantile in the middle."""
        return scores[:, self.use_case.middle]

    def wrong(self, scores: Floats) -> str | None:
        """Refuse scores that are infinite or not numbers."""
        import numpy as np

        return None if np.isfinite(scores).all() else "not finite numbers"

    def receipt(self, prediction: Mapping[str, Any]) -> dict[str, str | float]:
        """The quantiles with their unit."""
        pairs = zip(self.use_case.quantiles, prediction["quantiles"], strict=True)
        return {f"quantile {level:g}": f"{value:.4g} {self.use_case.target.unit}" for level, value in pairs}


def has_levels(estimator: BaseEstimator) -> bool:
    """Whether an estimator predicts quantiles of several levels, its parameter `levels`, side by side."""
    return "levels" in estimator.get_params(deep=False) and hasattr(estimator, "transform")


def level_of(estimator: BaseEstimator) -> str | None:
    """The parameter that holds the level, where the estimator predicts a quantile."""
    params = estimator.get_params(deep=False)
    losses = [str(params[name]) for name in _LOSSES if name in params]
    if not losses:
        return "quantile" if "quantile" in params else None
    if not any("quantile" in loss for loss in losses):
        return None
    return next((name for name in _LEVELS if name in params), _LEVELS[-1])
