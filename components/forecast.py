"""Forecasts of the steps of a day, with conformal intervals: point forecasts of three models, and their errors.

The rows have to come in order of time, as a training gives them. The first column that reaches an estimator of this
module is the step, such as the half-hour of the day (before it, for `EachSeries`, the number of the series).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_FEW = 8  # different values of a column that counts as a category
_KNOTS = (0.2, 0.4, 0.6, 0.8)
_FIRST = 0.6  # share of the rows before the first origin
_TREES_OF_SIZES = 40
_LEAST = 0.3  # of the mean error: no row is expected to err by less


class StepRidge(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A ridge regression for each step, on pieces of straight lines of each column.

    Of few values, a column counts as a category. A missing value counts as the mean. Outside the range that it learned
    from, a prediction stays at most a tenth beyond the labels: lines lead anywhere.
    """

    def __init__(self, alpha: float = 10.0) -> None:
        self.alpha = alpha

    def fit(self, rows: Any, labels: Any) -> Self:  # noqa: ANN401 - as scikit-learn calls it
        """Learn the knots of the columns, and the coefficients of each step, those of a rare one from all rows."""
        rows, labels = np.asarray(rows, dtype=float), np.asarray(labels, dtype=float)
        self.n_features_in_ = rows.shape[1]
        self.knots_ = [_knots(column) for column in rows[:, 1:].T]
        basis = self._basis(rows)
        self.mean_, spread = np.nanmean(basis, axis=0), np.nanstd(basis, axis=0)
        self.spread_ = np.where(spread > 0, spread, 1.0)
        basis = self._standardised(basis)
        self.steps_ = np.unique(rows[:, 0])
        self.coefficients_ = np.stack([self._solved(basis, labels, rows[:, 0] == step) for step in self.steps_])
        room = 0.1 * (labels.max() - labels.min())
        self.range_ = np.array([labels.min() - room, labels.max() + room])
        return self

    def predict(self, rows: Any) -> Floats:  # noqa: ANN401
        """Return the predictions, shape (n,); a step that was never seen takes the next one's coefficients."""
        rows = np.asarray(rows, dtype=float)
        basis = self._standardised(self._basis(rows))
        place = np.clip(np.searchsorted(self.steps_, rows[:, 0]), 0, len(self.steps_) - 1)
        # Row by row, so that a row alone gets the same sum as among others.
        found: Floats = (basis * self.coefficients_[place, 1:]).sum(axis=1) + self.coefficients_[place, 0]
        clipped: Floats = np.clip(found, *self.range_)
        return clipped

    def _basis(self, rows: Floats) -> Floats:
        return np.column_stack([_pieces(rows[:, place + 1], knots) for place, knots in enumerate(self.knots_)])

    def _standardised(self, basis: Floats) -> Floats:
        found: Floats = np.nan_to_num((basis - self.mean_) / self.spread_)
        return found

    def _solved(self, basis: Floats, labels: Floats, chosen: npt.NDArray[np.bool_]) -> Floats:
        features, wanted = basis[chosen], labels[chosen]
        middle, mean = features.mean(axis=0), wanted.mean()
        centred = features - middle
        square = centred.T @ centred + self.alpha * np.eye(basis.shape[1])
        found = np.linalg.solve(square, centred.T @ (wanted - mean))
        return np.concatenate([[mean - middle @ found], found])


def _knots(column: Floats) -> Floats:
    """Return the values of a category, as negative infinity and the values; or the knots of a number."""
    known = np.unique(column[~np.isnan(column)])
    if len(known) <= _FEW:
        return np.concatenate([[-np.inf], known])
    found: Floats = np.unique(np.quantile(column[~np.isnan(column)], _KNOTS))
    return found


def _pieces(column: Floats, knots: Floats) -> Floats:
    if len(knots) and np.isneginf(knots[0]):
        same: Floats = (column[:, None] == knots[None, 1:]).astype(float)
        return same
    return np.column_stack([column, *(np.maximum(column - knot, 0) for knot in knots)])


class ConformalForecast(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """The mean of four point forecasts, with conformal intervals.

    The four are a ridge for each step, boosted trees, boosted trees on the errors of the ridge, and on those of the
    season before, which the second column holds.

    The intervals come from a rolling origin within the rows: models of the rows before each part forecast it. Trees
    learn the size of these errors. The quantiles of error over size, times the expected size of a row, are added to its
    point: locally weighted conformal prediction, J. Lei et al. (2018), Journal of the American Statistical Association
    113, 1094-1111, section 5.2, with signed errors. Quantiles from boosted trees alone are too narrow.

    Args:
        levels: of the quantiles; the kind of problem sets them.
        alpha: of the ridge.
        iterations: trees of the boosting; half as many on errors of the ridge.
        trees_only: how many of the last columns the ridge does not get, such as the day of the year, along which a
            line would lead out of what it has seen.
        origins: of the rolling origin; the first one has 60 % of the rows before it.
        random_state: of the trees.
    """

    def __init__(  # noqa: PLR0913 - scikit-learn takes parameters one by one
        self,
        levels: tuple[float, ...] = (0.1, 0.5, 0.9),
        alpha: float = 10.0,
        iterations: int = 100,
        trees_only: int = 0,
        origins: int = 3,
        random_state: int = 0,
    ) -> None:
        self.levels = levels
        self.alpha = alpha
        self.iterations = iterations
        self.trees_only = trees_only
        self.origins = origins
        self.random_state = random_state

    def fit(self, rows: Any, labels: Any) -> Self:  # noqa: ANN401 - as scikit-learn calls it
        """Learn the points from all rows, and the intervals from a rolling origin."""
        rows, labels = np.asarray(rows, dtype=float), np.asarray(labels, dtype=float)
        self.n_features_in_ = rows.shape[1]
        # Tables are small: on a busy machine, threads that wait for each other take ten times as long as one.
        with threadpool_limits(1, "openmp"):
            self._learn(rows, labels)
        return self

    def _learn(self, rows: Floats, labels: Floats) -> None:
        judged, errors, part = self._rolled(rows, labels)
        self.least_ = float(_LEAST * np.mean(np.abs(errors)))
        self.sizes_ = self._of_sizes(judged, errors)
        relative = np.empty(len(errors))
        for each in np.unique(part):
            # By a model of the other parts: what it learned itself, it would take for smaller than it is.
            others = self._of_sizes(judged[part != each], errors[part != each])
            relative[part == each] = errors[part == each] / self._sizes(others, judged[part == each])
        self.offsets_ = np.quantile(relative, self.levels)
        self.offsets_[np.isclose(self.levels, 0.5)] = 0.0  # the point itself
        self.models_ = self._fitted(rows, labels)

    def transform(self, rows: Any) -> Floats:  # noqa: ANN401
        """Return the quantiles of each row, shape (n, k)."""
        rows = np.asarray(rows, dtype=float)
        with threadpool_limits(1, "openmp"):
            points, sizes = self._points(self.models_, rows), self._sizes(self.sizes_, rows)
        found: Floats = points[:, None] + sizes[:, None] * self.offsets_
        return found

    def predict(self, rows: Any) -> Floats:  # noqa: ANN401
        """Return the points, shape (n,)."""
        with threadpool_limits(1, "openmp"):
            found: Floats = self._points(self.models_, np.asarray(rows, dtype=float))
        return found

    def _rolled(self, rows: Floats, labels: Floats) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        """Return the rows that were forecast from those before them, their errors, and the number of their origin."""
        bounds = np.linspace(_FIRST * len(rows), len(rows), max(self.origins, 2) + 1).astype(int)
        errors = []
        for start, end in pairwise(bounds):
            models = self._fitted(rows[:start], labels[:start])
            errors.append(labels[start:end] - self._points(models, rows[start:end]))
        part = np.repeat(np.arange(len(errors)), np.diff(bounds))
        return rows[bounds[0] :], np.concatenate(errors), part

    def _fitted(self, rows: Floats, labels: Floats) -> list[Any]:
        ridge = StepRidge(self.alpha).fit(self._of_ridge(rows), labels)
        left = labels - ridge.predict(self._of_ridge(rows))
        gained = np.where(np.isnan(rows[:, 1]), 0.0, labels - rows[:, 1])
        return [
            ridge,
            self._trees(self.iterations).fit(rows, labels),
            self._trees(self.iterations // 2).fit(rows, left),
            self._trees(self.iterations).fit(rows, gained),
        ]

    def _points(self, models: list[Any], rows: Floats) -> Floats:
        ridge, alone, left, gained = models
        line = ridge.predict(self._of_ridge(rows))
        points = [line, alone.predict(rows), line + left.predict(rows), rows[:, 1] + gained.predict(rows)]
        found: Floats = np.nanmean(points, axis=0)  # without the last one, where the season before is missing
        return found

    def _of_sizes(self, rows: Floats, errors: Floats) -> HistGradientBoostingRegressor:
        return self._trees(_TREES_OF_SIZES, min_samples_leaf=60).fit(rows, np.abs(errors))

    def _sizes(self, model: HistGradientBoostingRegressor, rows: Floats) -> Floats:
        found: Floats = np.maximum(model.predict(rows), self.least_)
        return found

    def _of_ridge(self, rows: Floats) -> Floats:
        return rows[:, : rows.shape[1] - self.trees_only]

    def _trees(self, iterations: int, min_samples_leaf: int = 20) -> HistGradientBoostingRegressor:
        return HistGradientBoostingRegressor(
            learning_rate=0.08,
            max_iter=max(iterations, 1),
            max_leaf_nodes=16,
            min_samples_leaf=min_samples_leaf,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=self.random_state,
        )


class EachSeries(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A copy of an estimator of quantiles for each series, whose number is in the first column."""

    def __init__(self, estimator: Any, levels: tuple[float, ...] = (0.1, 0.5, 0.9)) -> None:  # noqa: ANN401
        self.estimator = estimator
        self.levels = levels

    def fit(self, rows: Any, labels: Any) -> Self:  # noqa: ANN401 - as scikit-learn calls it
        """Fit a copy on the rows of each series."""
        rows, labels = np.asarray(rows, dtype=float), np.asarray(labels, dtype=float)
        self.n_features_in_ = rows.shape[1]
        self.series_ = np.unique(rows[:, 0])
        copies = [clone(self.estimator).set_params(levels=self.levels) for _ in self.series_]
        chosen = [rows[:, 0] == each for each in self.series_]
        self.copies_ = [one.fit(rows[each, 1:], labels[each]) for one, each in zip(copies, chosen, strict=True)]
        return self

    def transform(self, rows: Any) -> Floats:  # noqa: ANN401
        """Return the quantiles of each row, shape (n, k); not a number for a series that was never seen."""
        rows = np.asarray(rows, dtype=float)
        found = np.full((len(rows), len(self.levels)), np.nan)
        for each, one in zip(self.series_, self.copies_, strict=True):
            chosen = rows[:, 0] == each
            if chosen.any():
                found[chosen] = one.transform(rows[chosen, 1:])
        return found

    def predict(self, rows: Any) -> Floats:  # noqa: ANN401
        """Return the quantile next to the median, shape (n,)."""
        place = int(np.argmin(np.abs(np.asarray(self.levels) - 0.5)))
        return self.transform(rows)[:, place]
