"""Fit a pipeline in the training window and judge it on the holdout."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from sluss.errors import ModelError
from sluss.problems import problem_of
from sluss.training.evaluation import cross_validate, judge
from sluss.training.fitting import fit_weights
from sluss.training.pipeline import build_pipeline
from sluss.training.search import search, take_over

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from sluss.config.use_case import UseCase
    from sluss.training.evaluation import Verdict
    from sluss.training.rows import TrainingRows


def fit_and_judge(use_case: UseCase, rows: TrainingRows) -> tuple[Pipeline, Verdict]:
    """Search and cross-validate in the training window, fit on all of it, judge on the holdout."""
    pipeline, wanted = build_pipeline(use_case), use_case.training.search
    trials = search(pipeline, use_case, wanted, rows.train) if wanted else []
    problem_of(use_case).scoring.assemble(pipeline)
    folds = cross_validate(pipeline, use_case, rows.train)
    weights = fit_weights(use_case, pipeline, rows.train)
    pipeline.fit(rows.train[list(use_case.features)], rows.train["label"], **weights)
    verdict = judge(pipeline, use_case, rows.train, rows.holdout)
    verdict.metrics.update(folds)
    return pipeline, dataclasses.replace(verdict, trials=tuple(trials))


def unfitted(use_case: UseCase, fitted: Pipeline | None = None) -> Pipeline:
    """Return the pipeline of a config, ready to be fitted, with the parameters that a search chose for a fitted one.

    Raises:
        ModelError: the fitted one has a parameter that is not in the space of the search.
    """
    pipeline, wanted = build_pipeline(use_case), use_case.training.search
    if fitted is not None and wanted and (path := take_over(pipeline, use_case, wanted, fitted)):
        raise ModelError(
            f"Its {path} is not among the values of training.search.space, so no training by its config made it. "
            f"Train it through the pipeline: make train USE_CASE={use_case.name}."
        )
    problem_of(use_case).scoring.assemble(pipeline)
    return pipeline
