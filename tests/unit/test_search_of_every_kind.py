"""A hyper-parameter search works for every kind of problem, by its own metric."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from problem_world import CLASSES, QUANTILES, content_of
from sklearn.ensemble import VotingRegressor

from sluss.config.use_case import UseCase
from sluss.training.fit import fit_and_judge
from sluss.training.rows import TrainingRows

_ROWS = 240
_BOOSTING = "sklearn.ensemble.HistGradientBoosting"
_SEARCHES = (
    {"class": "sklearn.model_selection.GridSearchCV", "space": {"estimator.max_iter": [1, 30]}},
    {
        "class": "sklearn.model_selection.RandomizedSearchCV", "params": {"n_iter": 2},
        "space": {"estimator.max_iter": {"low": 1, "high": 40}, "x.StandardScaler.with_mean": [True, False]},
    },
)  # fmt: skip


def searching(kind: str, metric: str, wanted: dict) -> UseCase:
    """A use case of a number `x` whose boosting is searched."""
    content = content_of(kind, metric)
    content["curation"]["columns"]["x"] = {"kind": "number"}
    content["features"] = ["x"]
    is_number = kind in ("regression", "quantiles")
    estimator = {"class": f"{_BOOSTING}{'Regressor' if is_number else 'Classifier'}"}
    if kind == "quantiles":
        estimator["params"] = {"loss": "quantile", "quantile": 0.5}
    branch = {"columns": "x", "steps": [{"class": "sklearn.preprocessing.StandardScaler"}]}
    content["training"] |= {
        "preprocessing": [branch], "estimator": estimator, "slices": [], "folds": 2, "search": wanted,
    }  # fmt: skip
    return UseCase.model_validate(content)


def rows(kind: str) -> TrainingRows:
    """Labels that follow from `x`."""
    random = np.random.default_rng(3)
    x = random.normal(size=_ROWS)
    noisy = x + random.normal(0, 0.3, _ROWS)
    count = {"binary": 2, "multiclass": len(CLASSES)}.get(kind)
    label = noisy if count is None else pd.qcut(noisy, count, labels=False)
    frame = pd.DataFrame({"id": [f"r{number}" for number in range(_ROWS)], "x": x, "label": label})
    return TrainingRows(frame[:160].reset_index(drop=True), frame[160:].reset_index(drop=True), 0, 0, "")


@pytest.mark.parametrize("wanted", _SEARCHES, ids=["grid", "random"])
@pytest.mark.parametrize(
    ("kind", "metric"),
    [("binary", "brier"), ("multiclass", "log_loss"), ("regression", "mae"), ("quantiles", "pinball")],
)
def test_the_best_parameters_are_found_and_fitted(kind, metric, wanted):
    use_case = searching(kind, metric, wanted)
    pipeline, verdict = fit_and_judge(use_case, rows(kind))
    [chosen] = [trial for trial in verdict.trials if trial.chosen]
    assert chosen.score == min(trial.score for trial in verdict.trials)  # all four are losses
    assert len({trial.score for trial in verdict.trials}) > 1
    estimator = pipeline.named_steps["estimator"]
    fitted = estimator.estimators_ if isinstance(estimator, VotingRegressor) else [estimator]
    assert {each.max_iter for each in fitted} == {chosen.params["estimator.max_iter"]}
    if kind == "quantiles":
        assert [each.quantile for each in fitted] == list(QUANTILES)
