"""Evaluation: cross-validation in the training window, the verdict on the holdout."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sluss.errors import ModelError
from sluss.problems import problem_of
from sluss.training.fitting import Scorer, fit_weights, groups_of, rare_classes_allowed, sign
from sluss.training.shared_preprocessing import what_folds_share
from sluss.training.slices import slice_metrics, slice_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats, Labels
    from sluss.config.use_case import UseCase
    from sluss.training.search import Trial


@dataclass(frozen=True)
class Verdict:
    """Metrics by name, and the scores and labels that they were computed from.

    `scores` and `labels` are those of the holdout rows, shape (n,); `Problem` defines them. `judged` has the same
    rows with `id`, `label`, `score` and the slice that each is in.
    """

    metrics: dict[str, float]
    scores: Floats
    labels: Labels
    judged: pd.DataFrame
    trials: tuple[Trial, ...] = ()  # of the search, if there was one
    found: Mapping[str, float] = field(default_factory=dict)  # values that the config leaves to the holdout


def cross_validate(pipeline: Pipeline, use_case: UseCase, train: pd.DataFrame) -> dict[str, float]:
    """Return mean and standard deviation of the metric over shuffled folds of the training window."""
    from sklearn.model_selection import cross_val_score

    spec, problem = use_case.training, problem_of(use_case)
    folds = problem.judging.folds(spec.folds, spec.seed)
    pipeline, features = what_folds_share(pipeline, train[list(use_case.features)])
    weights = fit_weights(use_case, pipeline, train)
    with rare_classes_allowed():
        scores = cross_val_score(
            pipeline, features, train["label"], groups=groups_of(use_case, train), cv=folds, scoring=Scorer(problem),
            params=weights,
        )  # fmt: skip
    values = scores * sign(problem)
    return {f"cv_{spec.metric}_mean": float(values.mean()), f"cv_{spec.metric}_std": float(values.std(ddof=1))}


def judge(pipeline: Pipeline, use_case: UseCase, train: pd.DataFrame, holdout: pd.DataFrame) -> Verdict:
    """Compute metrics on the holdout and its slices, and those of a baseline.

    Raises:
        ModelError: a score is not a number that a model of this kind can return.
    """
    problem = problem_of(use_case)
    scores = problem.scoring.scores(pipeline, holdout[list(use_case.features)])
    if wrong := problem.scoring.wrong(scores):
        raise ModelError(
            f"The fitted model's predictions of the holdout of {use_case.name} are {wrong} (such as NaN), so it is not "
            "registered. Fill missing values in training.preprocessing, or choose another estimator."
        )
    use_case = problem.judging.by_holdout(holdout, scores)
    problem = problem_of(use_case)
    judging, labels = problem.judging, holdout["label"].to_numpy()
    metrics = {f"holdout_{name}": value for name, value in judging.metrics(labels, scores).items()}
    metrics |= judging.baseline(train, holdout) | judging.compared(train, holdout, scores)
    groups = [use_case.group] if use_case.group else []
    judged = (
        holdout[["id", "label", *groups]]
        .assign(**problem.scoring.frame(scores))
        .join(slice_values(use_case, train, holdout))
    )
    metrics |= slice_metrics(problem, judged)
    return Verdict(metrics, scores, labels, judged, found=use_case.found_on_holdout)
