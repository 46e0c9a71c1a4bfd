"""From a use case's config to one scikit-learn pipeline: raw curated rows in, predictions out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.training.branches import branches_of, step_name
from sluss.training.parts import make_part

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from sluss.config.use_case import UseCase


def build_pipeline(use_case: UseCase) -> Pipeline:
    """Return an unfitted pipeline of the preprocessing branches and the estimator.

    Raises:
        ConfigError: a class does not exist, it refuses a parameter, or a branch has no columns.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    training = use_case.training
    branches: list[tuple[str, object, str | list[str]]] = []
    for branch in branches_of(use_case):
        name = step_name(branch.label, {used for used, *_ in branches})
        branches.append((name, branch.transformer, branch.columns))
    estimator = make_part(training.estimator.name, training.estimator.params, training.seed)
    return Pipeline([("preprocessing", ColumnTransformer(branches)), ("estimator", estimator)])
