"""Parameters of a fit other than features and labels, and the scorer by which scikit-learn judges it in folds."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluss.errors import ConfigError
from sluss.problems import problem_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats
    from sluss.config.use_case import UseCase
    from sluss.problems.problem import Problem


@dataclass(frozen=True)
class Scorer:
    """The use case's metric as a scorer of scikit-learn, whose higher values are better: losses are negative."""

    problem: Problem

    def __call__(self, pipeline: Pipeline, features: Any, labels: Any) -> float:  # noqa: ANN401 - any matrix
        import numpy as np

        scores = self.problem.scoring.scores(pipeline, features)
        # NaN instead of an error: a fold may lack a class that the metric needs, and the other folds still count.
        value = self.problem.judging.value(np.asarray(labels), scores)
        return float("nan") if value is None else value * sign(self.problem)


def sign(problem: Problem) -> int:
    """Return -1 where lower values of the metric are better, else 1."""
    return -1 if problem.judging.metric.lower_is_better else 1


def groups_of(use_case: UseCase, rows: pd.DataFrame) -> pd.Series[Any] | None:
    """Return the group of each row, or None without groups."""
    return rows[use_case.group] if use_case.group else None


def fit_weights(use_case: UseCase, pipeline: Pipeline, rows: pd.DataFrame) -> dict[str, Floats]:
    """Return the parameters of the fit that carry the rows' weights: those of the column times those of the classes.

    Raises:
        ConfigError: the estimator takes no weights, or a row has none.
    """
    from sklearn.utils.validation import has_fit_parameter

    column = use_case.training.sample_weight
    by_column = None if column is None else rows[column].to_numpy(dtype=float)
    by_class = problem_of(use_case).judging.weights(rows["label"].to_numpy())
    given = [weights for weights in (by_column, by_class) if weights is not None]
    if not given:
        return {}
    estimator = pipeline.named_steps["estimator"]
    if not has_fit_parameter(estimator, "sample_weight"):
        raise ConfigError(
            f"{type(estimator).__name__} takes no weights of rows. Leave out training.sample_weight and "
            "training.class_weight, or choose another estimator."
        )
    if by_column is not None and not (by_column >= 0).all():
        raise ConfigError(
            f"The column {column} has missing or negative weights. Make it non-nullable with minimum: 0 under curation."
        )
    return {"estimator__sample_weight": given[0] if len(given) == 1 else given[0] * given[1]}


@contextmanager
def rare_classes_allowed() -> Iterator[None]:
    """Silence the warning that a class has fewer rows than there are folds: the metric is judged all the same."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class in y", UserWarning)
        yield
