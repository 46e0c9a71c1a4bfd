"""A recipe is what turns rows into predictions: routine settings leave it, anything else changes it."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from sluss.errors import ModelError
from sluss.gates.rolling_origin import recipe_differences
from sluss.registry.artifacts import CONFIG_FILE
from sluss.training.pipeline import build_pipeline
from sluss.training.recipe import changes, recipe_digest, recipe_of, recorded_recipe


def with_training(use_case, **keys):
    spec = use_case.training.model_dump(by_alias=True) | keys
    return use_case.model_copy(update={"training": type(use_case.training).model_validate(spec)})


@pytest.mark.parametrize(
    "routine", [{"seed": 99}, {"window_days": 20}, {"holdout_days": 5}, {"folds": 3}, {"slices": ()}, {"embargo": "1d"}]
)
def test_routine_settings_keep_the_recipe(sentiment, routine):
    assert recipe_digest(recipe_of(with_training(sentiment, **routine))) == recipe_digest(recipe_of(sentiment))


def test_a_seed_among_the_parameters_is_routine_and_another_parameter_is_not(sentiment):
    spec = sentiment.training.estimator.model_dump(by_alias=True)
    seeded, other = ({**spec, "params": spec["params"] | more} for more in ({"random_state": 5}, {"C": 10.0}))
    usual = recipe_of(sentiment)
    assert changes(usual, recipe_of(with_training(sentiment, estimator=seeded))) == []
    assert changes(usual, recipe_of(with_training(sentiment, estimator=other))) == ["training.estimator"]


def test_swapped_classes_and_features_change_it(sentiment):
    changed = sentiment.model_copy(update={"classes": ("positive", "negative"), "features": ("text", "source")})
    assert changes(recipe_of(sentiment), recipe_of(changed)) == ["classes", "features", "kinds"]


def test_limits_and_operation_do_not_change_it(sentiment):
    gates = sentiment.gates.model_copy(update={"margin": 0.5})
    assert recipe_of(sentiment.model_copy(update={"gates": gates, "title": "Other"})) == recipe_of(sentiment)


def test_a_version_records_its_recipe_and_an_older_config_can_be_read(sentiment, tmp_path):
    content = json.loads(sentiment.model_dump_json(by_alias=True))
    content["monitoring"]["alpha"] = 0.001  # a key of an older release
    (tmp_path / CONFIG_FILE).write_text(json.dumps(content))
    assert recorded_recipe(tmp_path) == recipe_of(sentiment)
    (tmp_path / CONFIG_FILE).unlink()
    with pytest.raises(ModelError, match="does not hold the config"):
        recorded_recipe(tmp_path)


def test_each_row_is_scored_by_models_of_earlier_rows(sentiment):
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, 400)
    words = np.where(labels == 1, "good fine", "bad poor")
    texts = [f"{word} thing{number % 7}" for number, word in enumerate(words)]
    rows = pd.DataFrame({"id": range(400), "text": texts, "label": labels})
    fitted = build_pipeline(sentiment).fit(rows[["text"]], rows["label"])
    same = recipe_differences(rows, (sentiment, fitted), (sentiment, fitted))
    assert len(same) == 200
    assert not same.any()
    # A recipe that knows rows by heart has no use of it.
    by_heart = rows.assign(text=[f"row{number}" for number in range(400)])
    lucky = build_pipeline(sentiment).fit(by_heart[["text"]], by_heart["label"])
    worse = recipe_differences(by_heart, (sentiment, lucky), (sentiment, fitted))
    assert abs(worse.mean()) < 0.01
