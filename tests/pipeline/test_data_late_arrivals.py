"""Rows and labels that come late or are corrected: picked up when curated again, never seen before they arrived."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest

from sluss.config.settings import Settings
from sluss.context import Context
from sluss.interval import Interval, parse_interval
from sluss.monitoring.labelled import labelled_rows
from sluss.storage.lake import Lake
from sluss.storage.point_in_time import known_labels, known_rows
from sluss.storage.warehouse import open_warehouse
from sluss.training.new_labels import newly_labelled
from sluss.training.rows import training_rows
from sluss.use_cases import load_use_case
from tasks import batch_predict, curate_data, generate_data

FIRST, SECOND = (parse_interval(day, "day") for day in ("2026-01-01", "2026-01-02"))
LATER = SECOND.end + timedelta(days=1)
AFTER = LATER + timedelta(days=1)


@pytest.fixture
def scored_days(first_days, sentiment, tmp_path) -> Settings:
    """The first days, both scored, in a home that a test may change."""
    home = shutil.copytree(first_days.home, tmp_path / "home")
    settings = Settings(home=home, data=first_days.data)
    for day in (FIRST, SECOND):
        batch_predict.run(Context(settings, sentiment), day)
    return settings


def predictions(settings: Settings) -> pd.DataFrame:
    rows = Lake(settings, "sentiment").dataset("predictions").to_table().to_pandas()
    return rows.sort_values(["interval", "id"], ignore_index=True)


def correct(settings: Settings) -> str:
    """Add a correction and a late row of the first day, a late label and corrected ones. Return the id."""
    lake, arrival = Lake(settings, "sentiment"), pa.array([LATER], pa.timestamp("us", "UTC"))
    known = lake.dataset("labels", first="2026-01-02", last="2026-01-02").to_table()
    first = lake.dataset("curated", first="2026-01-01", last="2026-01-01")
    row = first.head(1, filter=ds.field("id").isin(known["id"].to_pylist()))
    row = row.select(["id", "event_time", "arrived_at", "source", "text"]).set_column(2, "arrived_at", [arrival])
    corrected = row.set_column(4, "text", [["corrected"]])
    late = row.set_column(0, "id", [["late-1"]]).set_column(4, "text", [["late"]])
    labels = pa.table(
        {
            "id": ["late-1", *known["id"].to_pylist()],
            "label": pa.array([1, *(1 - label for label in known["label"].to_pylist())], pa.int16()),
            "label_time": pa.repeat(arrival[0], known.num_rows + 1),
        }
    )
    use_case = load_use_case("sentiment", settings.config_dir)
    generate_data.run(Context(settings, use_case), Interval(SECOND.end, AFTER))
    span = Interval(LATER, LATER + timedelta(microseconds=1))
    with open_warehouse(settings) as warehouse:
        warehouse.replace("sentiment_rows", pa.concat_tables([corrected, late]), "arrived_at", span)
        warehouse.replace("sentiment_labels", labels, "label_time", span)
    curate_data.run(Context(settings, use_case), Interval(FIRST.start, AFTER))
    return row["id"][0].as_py()


def test_a_backfill_does_not_see_what_arrived_after_the_interval(scored_days, sentiment):
    lake, before = Lake(scored_days, "sentiment"), predictions(scored_days)
    learned = training_rows(lake, sentiment, SECOND.end).digest
    judged = labelled_rows(lake, sentiment, ("2026-01-01", "2026-01-02"), SECOND.end)
    version = lake.table("curated").version()

    corrected = correct(scored_days)
    for day in (FIRST, SECOND):
        batch_predict.run(Context(scored_days, sentiment), day)

    pd.testing.assert_frame_equal(predictions(scored_days), before)
    assert training_rows(lake, sentiment, SECOND.end).digest == learned
    pd.testing.assert_frame_equal(labelled_rows(lake, sentiment, ("2026-01-01", "2026-01-05"), SECOND.end), judged)
    assert lake.table("curated").version() > version
    assert {corrected, "late-1"} <= set(_known(lake, AFTER).query("text in ['corrected', 'late']").id)


def test_a_correction_counts_from_the_moment_it_arrived(scored_days):
    corrected = correct(scored_days)
    lake = Lake(scored_days, "sentiment")
    just_before, just_after = (_known(lake, LATER + timedelta(microseconds=n)).set_index("id").text for n in (0, 1))
    assert just_before[corrected] != "corrected"
    assert just_after[corrected] == "corrected"
    assert set(just_after.index) - set(just_before.index) == {"late-1"}
    labels = [known_labels(lake.dataset("labels"), LATER + timedelta(microseconds=n)).set_index("id") for n in (0, 1)]
    changed = labels[1].loc[labels[1].label_time == LATER].index.drop("late-1")
    assert len(changed) > 100
    assert (labels[0].label[changed] == 1 - labels[1].label[changed]).all()


def test_a_training_after_the_correction_learns_from_it(scored_days, sentiment):
    corrected = correct(scored_days)
    rows = training_rows(Lake(scored_days, "sentiment"), sentiment, LATER + timedelta(hours=1))
    texts = pd.concat([rows.train, rows.holdout]).set_index("id").text
    assert texts.index.is_unique
    assert (texts[corrected], texts["late-1"]) == ("corrected", "late")


def test_bringing_the_day_again_leaves_its_later_corrections_alone(scored_days, sentiment):
    corrected = correct(scored_days)
    generate_data.run(Context(scored_days, sentiment), FIRST)
    curate_data.run(Context(scored_days, sentiment), FIRST)
    texts = _known(Lake(scored_days, "sentiment"), AFTER).set_index("id").text
    assert (texts[corrected], texts["late-1"]) == ("corrected", "late")


def _known(lake: Lake, as_of: datetime) -> pd.DataFrame:
    return known_rows(lake.dataset("curated", first="2026-01-01"), ["id", "text"], as_of).to_pandas()


def test_a_label_from_before_its_row_counts_in_no_step(scored_days, sentiment):
    """Where the row comes after its label, curation cannot refuse the label; training and monitoring leave both out."""
    lake, span = Lake(scored_days, "sentiment"), ("2026-01-01", "2026-01-02")
    judged = labelled_rows(lake, sentiment, span, SECOND.end)
    early = judged.id[0]
    labels = lake.dataset("labels").to_table()
    moment = pa.array([FIRST.start - timedelta(days=2)], pa.timestamp("us", "UTC"))[0]
    is_early = pc.equal(labels["id"], early)
    moved = pc.if_else(is_early, moment, labels["label_time"])
    place = labels.schema.get_field_index("label_time")
    lake.replace("labels", labels.set_column(place, labels.schema.field(place), moved), "2000-01-01", "2100-01-01")

    assert set(judged.id) - set(labelled_rows(lake, sentiment, span, SECOND.end).id) == {early}
    rows = training_rows(lake, sentiment, SECOND.end)
    assert early not in {*rows.train.id, *rows.holdout.id}
    new = newly_labelled(lake, sentiment, SECOND.end, None)
    assert len(new) == len(rows.train)
