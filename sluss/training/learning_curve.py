"""Plots of a version: its holdout, and the learning curve of its training window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.problems import problem_of
from sluss.problems.holdout_plots import _figure
from sluss.training.fitting import Scorer, fit_weights, groups_of, rare_classes_allowed, sign
from sluss.training.shared_preprocessing import what_folds_share

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from sklearn.pipeline import Pipeline

    from sluss.config.use_case import UseCase


_SIZES = (0.1, 0.25, 0.5, 0.75, 1.0)  # shares of the rows outside a fold
_FOLDS = 3  # each a fit a size, so few


def draw(use_case: UseCase, pipeline: Pipeline, train: pd.DataFrame, judged: pd.DataFrame) -> dict[str, Figure]:
    """Draw all plots; return them by name.

    Args:
        use_case: its kind, features and metric.
        pipeline: the fitted pipeline; copies of it are fitted for the learning curve.
        train: rows of the training window, with the column `label`.
        judged: `label` and `score` of the holdout rows.
    """
    problem = problem_of(use_case)
    of_holdout = problem.reporting.plots(judged["label"].to_numpy(), problem.scoring.read(judged))
    return of_holdout | {"learning_curve": _learning_curve(use_case, pipeline, train)}


def _learning_curve(use_case: UseCase, pipeline: Pipeline, train: pd.DataFrame) -> Figure:
    from sklearn.model_selection import LearningCurveDisplay

    figure, axes = _figure("Learning curve in the training window")
    spec, problem = use_case.training, problem_of(use_case)
    pipeline, features = what_folds_share(pipeline, train[list(use_case.features)])
    with rare_classes_allowed():
        LearningCurveDisplay.from_estimator(
            pipeline,
            features,
            train["label"],
            train_sizes=_SIZES,
            cv=problem.judging.folds(_FOLDS, spec.seed),
            groups=groups_of(use_case, train),
            scoring=Scorer(problem),
            score_name=spec.metric,
            negate_score=sign(problem) < 0,
            fit_params=fit_weights(use_case, pipeline, train),
            ax=axes,
        )
    return figure
