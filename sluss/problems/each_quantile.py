"""An estimator of several quantiles with one set of parameters, for a search of them. No model is saved with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from sklearn.base import BaseEstimator, RegressorMixin, clone  # noqa: TID253 - a search alone imports this module
from sklearn.ensemble import VotingRegressor  # noqa: TID253

if TYPE_CHECKING:
    from sluss.arrays import Floats


class EachQuantile(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Fits a copy of `one` for each of the levels, which its parameter `level` takes."""

    def __init__(self, one: BaseEstimator, level: str, levels: tuple[float, ...]) -> None:
        """Keep the parameters."""
        self.one = one
        self.level = level
        self.levels = levels

    def fit(self, features: Any, labels: Any, **params: Any) -> Self:  # noqa: ANN401 - as scikit-learn's
        """Fit the copies."""
        copies = [(f"q{each:g}", clone(self.one).set_params(**{self.level: each})) for each in self.levels]
        self.together_ = VotingRegressor(copies).fit(features, labels, **params)
        return self

    def transform(self, features: Any) -> Floats:  # noqa: ANN401
        """The quantiles of each row side by side."""
        found: Floats = self.together_.transform(features)
        return found

    def predict(self, features: Any) -> Floats:  # noqa: ANN401
        """Their mean, which nothing uses."""
        found: Floats = self.together_.predict(features)
        return found
