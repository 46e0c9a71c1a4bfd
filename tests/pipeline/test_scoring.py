"""Batch scoring: what it writes, twice, and at once."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sluss.config.settings import Settings
from sluss.context import Context
from sluss.errors import DataError, LostModelError
from sluss.interval import Interval, parse_interval
from sluss.registry.artifacts import MODEL_FILE
from sluss.registry.champion import champion
from sluss.registry.champion_for import champion_for
from sluss.registry.names import DIGEST_TAG
from tasks import batch_predict, deploy_model, train_model


def predictions(context, interval):
    """The interval's predictions, by id."""
    table = context.lake.dataset("predictions").to_table().to_pandas()
    return table[table["interval"] == interval].sort_values("id", ignore_index=True)


@pytest.fixture
def first_day(sentiment) -> Interval:
    return parse_interval("2026-01-01", sentiment.unit)


def test_every_curated_row_gets_the_champions_prediction(first_days, sentiment, first_day):
    scored = batch_predict.run(Context(first_days, sentiment), first_day)
    rows = predictions(Context(first_days, sentiment), "2026-01-01")
    deployed = champion(Context(first_days, sentiment))
    assert scored.rows == len(rows) == 200
    assert set(rows["model_version"]) == {str(deployed.version)}
    assert set(rows["run_id"]) == {deployed.run_id}
    np.testing.assert_array_equal(rows["prediction"], rows["score"] >= 0.5)
    np.testing.assert_allclose(rows["confidence"], np.maximum(rows["score"], 1 - rows["score"]))


def test_scoring_twice_leaves_the_same_rows(first_days, sentiment, first_day):
    batch_predict.run(Context(first_days, sentiment), first_day)
    once = predictions(Context(first_days, sentiment), "2026-01-01")
    batch_predict.run(Context(first_days, sentiment), first_day)
    assert predictions(Context(first_days, sentiment), "2026-01-01").equals(once)


def test_two_runs_for_one_interval_at_once_end_in_one_result(first_days, sentiment):
    day = parse_interval("2026-01-02", sentiment.unit)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: batch_predict.run(Context(first_days, sentiment), day), range(4)))
    assert not predictions(Context(first_days, sentiment), "2026-01-02")["id"].duplicated().any()
    assert len(predictions(Context(first_days, sentiment), "2026-01-02")) == 200


def test_an_interval_without_rows_says_how_to_get_them(first_days, sentiment):
    with pytest.raises(DataError, match=r"has no curated rows.*make data USE_CASE=sentiment INTERVAL=2026-01-09"):
        batch_predict.run(Context(first_days, sentiment), parse_interval("2026-01-09", sentiment.unit))


def test_a_day_that_is_scored_again_later_is_scored_by_the_version_that_did_not_know_it(
    first_days, sentiment, first_day, tmp_path
):
    settings = Settings(home=shutil.copytree(first_days.home, tmp_path / "home"), data=first_days.data)
    second_day = parse_interval("2026-01-02", sentiment.unit)
    first = champion(Context(settings, sentiment))
    # A holdout this small does not tell a model from one that is worse by the usual margin.
    wide = sentiment.model_copy(update={"gates": sentiment.gates.model_copy(update={"margin": 0.4})})
    newer = train_model.run(Context(settings, wide), second_day.end)
    assert deploy_model.run(Context(settings, wide), newer.version).version == newer.version
    for day in (first_day, second_day):
        assert batch_predict.run(Context(settings, sentiment), day).version == str(first.version)
    after = Interval(second_day.end, second_day.end + (second_day.end - second_day.start))
    assert str(champion_for(Context(settings, sentiment), after).version) == newer.version
    before = Interval(sentiment.history.start, first_day.start)
    assert str(champion_for(Context(settings, sentiment), before).version) == str(first.version)
    lose(settings, first)
    Context(settings, sentiment).lake.table("predictions").delete("\"interval\" = '2026-01-02'")
    with pytest.raises(LostModelError, match=r"stay as they are: a newer version has learned .* restore the artifact"):
        batch_predict.run(Context(settings, sentiment), first_day)
    assert set(predictions(Context(settings, sentiment), "2026-01-01")["model_version"]) == {str(first.version)}
    assert batch_predict.run(Context(settings, sentiment), second_day).version == newer.version
    assert set(predictions(Context(settings, sentiment), "2026-01-02")["model_version"]) == {newer.version}


def lose(settings, version):
    """Damage a version in the store, and delete the local copy."""
    for path in (settings.home / "artifacts").rglob(f"{version.source.removeprefix('models:/')}/**/{MODEL_FILE}"):
        path.write_bytes(b"damaged")
    shutil.rmtree(settings.home / "models" / version.tags[DIGEST_TAG])
