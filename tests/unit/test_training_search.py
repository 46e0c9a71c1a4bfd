"""Hyper-parameter search: its trials, its choice, and invalid configs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from sluss.config.use_case import UseCase
from sluss.errors import ConfigError
from sluss.training.blas import one_blas_thread
from sluss.training.pipeline import build_pipeline
from sluss.training.search import search

GRID = {"class": "sklearn.model_selection.GridSearchCV"}
RANDOM = {"class": "sklearn.model_selection.RandomizedSearchCV", "params": {"n_iter": 4}}
HALVING = {
    "class": "sklearn.model_selection.HalvingRandomSearchCV",
    "params": {"n_candidates": 4, "factor": 2, "min_resources": 60},
}
REGULAR = {"low": 0.001, "high": 10.0, "log": True}


@pytest.fixture
def use_case(sentiment):
    """The sentiment use case with a search."""

    def make(wanted: dict, space: dict) -> UseCase:
        content = sentiment.model_dump(by_alias=True)
        content["training"] |= {"search": wanted | {"space": space}, "folds": 2}
        return UseCase.model_validate(content)

    return make


@pytest.fixture(scope="module")
def rows():
    """Texts of which one word tells the class, now and then."""
    random = np.random.default_rng(5)
    label = random.integers(0, 2, 160)
    words = random.choice(list("abcdefgh"), (160, 6))
    hint = np.where(random.random(160) < 0.8, np.where(label == 1, "good", "bad"), "so")
    return pd.DataFrame(
        {"text": [" ".join([*line, word]) for line, word in zip(words, hint, strict=True)], "label": label}
    )


def tried(use_case, rows):
    pipeline = build_pipeline(use_case)
    with one_blas_thread():
        return search(pipeline, use_case, use_case.training.search, rows), pipeline


def test_a_grid_tries_every_combination_and_sets_the_best(use_case, rows):
    space = {"estimator.C": [0.0001, 1.0], "text.TfidfTransformer.sublinear_tf": [True, False]}
    trials, pipeline = tried(use_case(GRID, space), rows)
    assert len(trials) == 4
    [chosen] = [trial for trial in trials if trial.chosen]
    assert chosen.score == max(trial.score for trial in trials)
    assert pipeline.get_params()["estimator__C"] == chosen.params["estimator.C"]
    transformer = dict(pipeline[0].transformers[0][1].steps)["tfidftransformer"]
    assert transformer.sublinear_tf == chosen.params["text.TfidfTransformer.sublinear_tf"]


@pytest.mark.parametrize("wanted", [RANDOM, HALVING], ids=["random", "halving"])
def test_a_random_search_draws_from_ranges_and_repeats_by_its_seed(use_case, rows, wanted):
    configured = use_case(wanted, {"estimator.C": REGULAR, "estimator.max_iter": {"low": 200, "high": 300}})
    trials, _ = tried(configured, rows)
    assert trials == tried(configured, rows)[0]
    assert sum(trial.chosen for trial in trials) == 1
    assert len({trial.params["estimator.C"] for trial in trials}) > 2
    assert all(0.001 <= trial.params["estimator.C"] <= 10 for trial in trials)
    assert all(200 <= trial.params["estimator.max_iter"] <= 300 for trial in trials)
    assert all((trial.rows is None) == (wanted is RANDOM) for trial in trials)


@pytest.mark.parametrize(
    ("wanted", "space", "reason"),
    [
        (GRID, {"estimator.D": [1]}, r"names estimator\.D, which the pipeline does not have \(it has: estimator\.C"),
        (GRID, {"estimator.C": REGULAR}, r"needs a list of values for estimator\.C, not a range"),
        (GRID, {"estimator.C": [-1.0]}, r"cannot try the space of training\.search: .*C"),
        (GRID | {"params": {"cv": 3}}, {"estimator.C": [1]}, r"must not set cv, which the training sets"),
        (GRID | {"params": {"n_iter": 3}}, {"estimator.C": [1]}, r"GridSearchCV has no parameter 'n_iter'"),
        ({"class": "sklearn.model_selection.BlindSearchCV"}, {"estimator.C": [1]}, r"scikit-learn has no '.*Blind"),
    ],
)
def test_what_cannot_be_searched_is_said_in_a_sentence(use_case, rows, wanted, space, reason):
    with pytest.raises(ConfigError, match=reason):
        tried(use_case(wanted, space), rows)


@pytest.mark.parametrize(
    "space", [{}, {"estimator.C": {"low": 2, "high": 1}}, {"estimator.C": {"low": 0, "high": 1, "log": True}}]
)
def test_an_empty_space_or_range_is_refused(use_case, space):
    with pytest.raises(ValidationError):
        use_case(GRID, space)
