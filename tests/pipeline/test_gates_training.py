"""The gate `training`: a version is the model that its recorded rows make, and nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gate_world import answer, fitted, registered, rows_until
from hypothesis import given, settings, strategies

from sluss.context import Context
from sluss.gates.checks.training import sample_bounds

CURE = "Train it through the pipeline: make train USE_CASE=sentiment."


@pytest.fixture(scope="module")
def world(first_days, sentiment):
    """A model of its own in the first days' registry, so that its bad versions affect no other test."""
    return Context(first_days, sentiment.model_copy(update={"model": "trained_again"}))


@pytest.fixture(scope="module")
def rows(world):
    return rows_until(world, world.use_case.history.end)


def with_estimator(world, name, **params):
    spec = world.use_case.training.model_dump(by_alias=True) | {"estimator": {"class": name, "params": params}}
    training = type(world.use_case.training).model_validate(spec)
    return Context(world.settings, world.use_case.model_copy(update={"training": training}))


def judged(world, pipeline, rows):
    return answer(world, "training", registered(world, pipeline, rows, world.use_case.history.end))


def test_a_sound_model_comes_out_the_same(world, rows):
    result = judged(world, fitted(world.use_case, rows.train), rows)
    assert result.passed, result.sentence
    assert result.sentence == "Trained again from its 8,100 recorded rows in a clean process, it comes out the same."


@pytest.mark.parametrize(
    "learned",
    [
        lambda rows: pd.concat([rows.train, rows.holdout]),
        lambda rows: rows.train.iloc[:2000],
        lambda rows: rows.train.assign(label=1 - rows.train["label"]),
    ],
    ids=["its holdout too", "a part of its rows", "other labels"],
)
def test_a_model_of_other_rows_is_refused(world, rows, learned):
    result = judged(world, fitted(world.use_case, learned(rows)), rows)
    assert not result.passed
    assert "by its recorded config, another model comes out" in result.sentence
    assert result.sentence.endswith(CURE)
    assert result.figures["largest_difference"] > 0.1


def test_preprocessing_that_was_fitted_on_everything_is_refused_by_its_name(world, rows):
    pipeline, everything = fitted(world.use_case, rows.train), pd.concat([rows.train, rows.holdout])
    pipeline.steps[0] = fitted(world.use_case, everything).steps[0]
    assert "another model comes out (its step text differs" in judged(world, pipeline, rows).sentence


def test_a_model_that_was_edited_where_the_holdout_does_not_show_it_is_refused(world, rows):
    pipeline = fitted(world.use_case, rows.train)
    text = pipeline.named_steps["preprocessing"].transform(rows.holdout[["text"]])
    [unused] = np.flatnonzero(np.asarray(text.sum(axis=0)).ravel() == 0)[:1]
    pipeline.named_steps["estimator"].coef_[0, unused] += 5.0
    result = judged(world, pipeline, rows)
    assert "its step estimator differs; on the holdout its predictions differ by up to 0)" in result.sentence


def test_a_model_that_no_two_trainings_give_alike_is_compared_with_their_spread(world, rows):
    forest = with_estimator(
        world, "sklearn.linear_model.SGDClassifier", loss="log_loss", random_state=None, max_iter=20, alpha=1e-4
    )
    result = judged(forest, fitted(forest.use_case, rows.train), rows)
    assert result.passed, result.sentence
    assert result.sentence.startswith("No two trainings give the same model; the predictions of 6 such trainings")
    learned = judged(forest, fitted(forest.use_case, pd.concat([rows.train, rows.holdout])), rows)
    assert "its step text differs" in learned.sentence
    assert not learned.passed


def test_parameters_that_a_search_chose_are_taken_over_only_from_its_space(world, rows):
    spec = world.use_case.training.model_dump(by_alias=True)
    spec["search"] = {"class": "sklearn.model_selection.GridSearchCV", "space": {"estimator.C": [1.0, 5.0]}}
    training = type(world.use_case.training).model_validate(spec)
    searched = Context(world.settings, world.use_case.model_copy(update={"training": training}))
    assert judged(searched, fitted(searched.use_case, rows.train), rows).passed  # 5.0, the config's own
    pipeline = fitted(with_estimator(world, "sklearn.linear_model.LogisticRegression", C=2.0).use_case, rows.train)
    assert (
        "Its estimator.C is not among the values of training.search.space" in judged(searched, pipeline, rows).sentence
    )


def test_a_fit_that_takes_too_long_is_replaced_by_fits_on_samples(world, rows, monkeypatch):
    monkeypatch.setattr("sluss.gates.retraining.Retraining.whole", _too_slow)
    sound = judged(world, fitted(world.use_case, rows.train), rows)
    assert sound.passed, sound.sentence
    assert "a fit on every 4th of its 8,100 recorded rows reaches accuracy " in sound.sentence
    learned = judged(world, fitted(world.use_case, pd.concat([rows.train, rows.holdout])), rows)
    assert learned.sentence.startswith("It is better than its rows can make it: ")
    few = judged(world, fitted(world.use_case, rows.train.iloc[:200]), rows)
    assert few.sentence.startswith("It is worse than its rows make it: ")


def _too_slow(_, seconds):
    from sluss.gates.clean_process.process import TooSlowError

    raise TooSlowError(f"no fit within {seconds} seconds")


def test_no_time_at_all_is_a_refusal_that_names_the_setting(world, rows):
    hurried = world.use_case.gates.model_copy(update={"retrain_seconds": 1e-6})
    context = Context(world.settings, world.use_case.model_copy(update={"gates": hurried}))
    assert judged(context, fitted(world.use_case, rows.train), rows).sentence.endswith("Raise gates.retrain_seconds.")


@given(strategies.integers(0, 2**32), strategies.floats(0.6, 0.9), strategies.floats(0, 0.03))
@settings(max_examples=50, deadline=None)
def test_the_bounds_of_samples_hold_for_learning_curves_that_flatten(seed, level, gain):
    random = np.random.default_rng(seed)
    chance = random.uniform(size=2000)  # rows that are hard for one model are hard for the others
    few, more, own = ((chance < level + step * gain).astype(float) for step in (0, 1, 1.5))
    low, high = sample_bounds(own, few, more, 4)
    assert low <= own.mean() - more.mean() <= high
