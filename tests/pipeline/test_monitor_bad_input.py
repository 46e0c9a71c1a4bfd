"""Bad input of the monitor: each has a result or a sentence, and the next interval goes on."""

from __future__ import annotations

import json
from datetime import timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import write_deltalake
from monitor_world import World, register, world_from

from sluss.errors import DataError, ModelError, SlussError
from sluss.monitoring.tables import last_before, read_monitored
from sluss.tracking.client import connect


@pytest.fixture
def world(template, tmp_path, sentiment):
    return world_from(template, tmp_path / "home", sentiment)


def spoilt(world, tmp_path, spoil):
    """A second version whose profile is spoilt, in production."""
    return register(world, tmp_path / "spoilt", connect(world.settings), spoil)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda profile: profile.pop("confidence"),
        lambda profile: profile["confidence"].update(values=[]),
        lambda profile: profile["confidence"].update(rows=0),
    ],
    ids=["no confidence", "no values", "no rows"],
)
def test_without_confidences_in_the_profile_all_else_is_monitored(world, tmp_path, spoil):
    version = spoilt(world, tmp_path, spoil)
    world.live("usual", "strange", version=version)
    results = world.monitor(0, 1)
    assert "data_drift" in results[1].raised
    assert "low_confidence" not in results[1].raised


@pytest.mark.parametrize(
    "spoil",
    [
        lambda profile: profile.pop("score"),
        lambda profile: profile["holdout"].pop("metric"),
        lambda profile: profile["score"].update(values=[]),
        lambda profile: profile.update(format=99),
    ],
    ids=["no scores", "no promise", "empty scores", "unknown format"],
)
def test_a_profile_that_cannot_be_read_is_a_sentence_with_the_cure(world, tmp_path, spoil):
    version = spoilt(world, tmp_path, spoil)
    world.live("usual", version=version)
    with pytest.raises(ModelError, match=r"python tasks/train_model\.py"):
        world.monitor(0)


def test_a_version_that_was_never_registered_is_a_sentence(world):
    world.live("usual", version="77")
    with pytest.raises(SlussError, match="77"):
        world.monitor(0)


def test_a_profile_of_the_first_format_is_still_read(world, tmp_path):
    def of_old(profile):
        profile["format"] = 1
        del profile["past"]

    version = spoilt(world, tmp_path, of_old)
    world.live("usual", "strange", version=version)
    assert [result.raised for result in world.monitor(0, 1)] == ["", "data_drift"]


def test_a_table_without_the_state_of_the_charts_gains_it_and_its_alerts_go_on(world):
    world.live("usual", "strange", "strange", "usual")
    world.monitor(0, 1)
    rows = world.lake.dataset("monitoring").to_table().drop_columns(["watch"])
    write_deltalake(
        world.lake.uri("monitoring"), rows, mode="overwrite", schema_mode="overwrite", partition_by=["interval"]
    )
    assert last_before(world.lake, "2026-01-03").state.watch == {}
    assert world.states(2, 3, kind="data_drift") == ["ongoing", "ended"]
    assert len(read_monitored(world.lake)) == 4
    states = {row["interval"]: row["watch"] for row in world.rows("monitoring")}
    assert states["2026-01-01"] is None
    assert json.loads(states["2026-01-04"])


def test_one_row_decides_nothing_and_the_next_day_goes_on(world):
    world.live("usual", "usual", rows=1)
    first = world.monitor(0)[0]
    assert (first.summary.rows, first.alerts) == (1, ())
    world.live("usual", "usual", "strange")
    assert world.monitor(1, 2)[1].raised == "data_drift"


def test_labels_of_unknown_rows_and_doubled_labels_count_for_nothing(world):
    world.live(*["usual"] * 4)
    before = [result.summary.quality for result in world.monitor(2, 3)]
    labels = pd.DataFrame(world.rows("labels"))
    unknown = labels.head(50).assign(id=[f"never-{row}" for row in range(50)])
    doubled = labels.assign(label_time=labels.label_time + timedelta(minutes=1))
    world.replace("labels", pd.concat([labels, unknown, doubled]).astype({"label": "int8"}).sort_values("interval"))
    assert [result.summary.quality for result in world.monitor(2, 3)] == before


def test_without_labels_for_months_quality_is_not_judged(world):
    world.live(*["usual"] * 3)
    labels = pd.DataFrame(world.rows("labels"))
    late = labels.assign(label_time=labels.label_time + timedelta(days=200), interval="2026-09-01")
    world.lake.table("labels").delete()
    world.replace("labels", late.astype({"label": "int8"}))
    result = world.monitor(2)[0]
    assert (result.summary.quality, result.alerts) == (None, ())


def test_a_day_whose_texts_are_all_null_is_a_change_and_the_next_day_recovers(world):
    world.live("usual", "usual", "usual")
    curated = world.lake.dataset("curated").to_table()
    spoilt_day = pc.equal(pc.cast(curated["interval"], pa.string()), "2026-01-02")
    texts = pc.if_else(spoilt_day, pa.scalar(None, pa.string()), pc.cast(curated["text"], pa.string()))
    place = curated.schema.names.index("text")
    world.lake.replace("curated", curated.set_column(place, "text", texts), "2026-01-01", "9999")
    assert world.states(0, 1, 2, kind="data_drift") == [None, "raised", "ended"]


def test_a_day_that_is_monitored_after_its_successor_goes_on_from_the_day_before(world):
    world.live("usual", "strange", "usual", "usual")
    world.monitor(0, 1, 2, 3)
    in_order = world.rows("monitoring")
    world.lake.table("monitoring").delete("\"interval\" = '2026-01-02'")
    world.monitor(1)
    assert world.rows("monitoring") == in_order


def test_another_champion_ends_the_alerts_and_is_judged_by_its_own_profile(world, tmp_path):
    world.live("usual", "strange", "strange")
    assert world.states(0, 1, kind="data_drift") == [None, "raised"]
    version = register(world, tmp_path / "second", connect(world.settings))
    scored = pd.DataFrame(world.rows("predictions")).astype({"prediction": "int8"})
    scored.loc[scored.interval == "2026-01-03", "model_version"] = version
    world.replace("predictions", scored)
    result = world.monitor(2)[0]
    drift = [alert for alert in result.alerts if alert.type == "data_drift"]
    assert [(alert.state, alert.since) for alert in drift] == [("ended", "2026-01-02"), ("raised", "2026-01-03")]
    assert "took over from version 1" in drift[0].message
    assert last_before(world.lake, "2026-01-04").alerts["data_drift"].since == "2026-01-03"


def test_a_version_without_a_profile_is_a_sentence_with_the_cure(world, tmp_path):
    version = spoilt(world, tmp_path, dict.clear)
    world.live("usual", version=version)
    with pytest.raises(ModelError, match=r"has no reference profile.*make train"):
        world.monitor(0)


@pytest.mark.parametrize(
    ("features", "compared"),
    [(("text", "source"), {"text.words", "text.unknown_words", "score"}), (("source",), {"score"})],
    ids=["appears", "vanishes"],
)
def test_a_feature_that_appears_or_vanishes_is_not_compared_and_the_others_are(world, features, compared):
    world.live("usual", "usual")
    world.monitor(0)
    changed = World(world.settings, world.use_case.model_copy(update={"features": features}))
    result = changed.monitor(1)[0]
    assert {drift.feature for drift in result.summary.drift} == compared
    assert result.alerts == ()


def test_a_million_equal_rows_are_one_change_and_the_next_day_recovers(world):
    world.live("usual", "usual", "usual")
    many = 1_000_000
    for name in ("curated", "predictions"):
        table = world.lake.dataset(name, first="2026-01-02", last="2026-01-02").to_table()
        equal = table.take(pa.array([0] * many))
        ids = pa.array([f"equal-{row}" for row in range(many)])
        place = equal.schema.names.index("id")
        world.lake.replace(name, equal.set_column(place, "id", ids), "2026-01-02", "2026-01-03")
    results = world.monitor(0, 1, 2)
    assert results[1].summary.rows == many
    assert [[(a.type, a.state) for a in result.alerts if a.type == "data_drift"] for result in results] == [
        [],
        [("data_drift", "raised")],
        [("data_drift", "ended")],
    ]


def test_scores_that_are_not_numbers_are_a_change_and_the_next_day_recovers(world):
    world.live("usual", "usual", "usual")
    scored = pd.DataFrame(world.rows("predictions")).astype({"prediction": "int8"})
    spoilt_day = scored.interval == "2026-01-02"
    scored.loc[spoilt_day & (scored.index % 3 == 0), ["score", "confidence"]] = float("nan")
    world.replace("predictions", scored)
    assert world.states(0, 1, 2, kind="data_drift") == [None, "raised", "ended"]
    assert len(read_monitored(world.lake)) == 3


def test_labels_from_before_their_rows_by_a_clock_that_went_back_count_for_nothing(world):
    world.live(*["usual"] * 3)
    labels = pd.DataFrame(world.rows("labels"))
    early = labels.assign(label_time=labels.label_time - timedelta(days=10))
    world.replace("labels", early.astype({"label": "int8"}).sort_values("interval"))
    result = world.monitor(2)[0]
    assert (result.summary.quality, result.alerts) == (None, ())


def test_a_use_case_whose_tables_are_damaged_stops_no_other_one(world):
    other = World(world.settings, world.use_case.model_copy(update={"name": "other"}))
    other.live("usual")
    world.live("usual", "strange")
    for log in (world.settings.home / "lake" / "other" / "predictions").rglob("*.parquet"):
        log.write_bytes(b"damaged")
    for day in (0, 1):
        with pytest.raises((DataError, OSError, ValueError)):
            other.monitor(day)
        result = world.monitor(day)[0]
    assert result.raised == "data_drift"
