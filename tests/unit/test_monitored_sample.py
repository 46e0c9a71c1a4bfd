"""Of an interval of very many rows, the monitor reads an even sample of both tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from sluss.config.settings import Settings
from sluss.interval import parse_interval, unit_of
from sluss.monitoring import sample
from sluss.monitoring.labelled import labelled_rows, newest_labelled
from sluss.storage.lake import Lake

DAY_UNIT = unit_of("day")
DAY = parse_interval("2026-01-05", "day")


def lake_of(folder, rows):
    random, ids = np.random.default_rng(1), [f"id-{number}" for number in range(rows)]
    lake, order = Lake(Settings(home=folder, data=None), "flights"), random.permutation(rows)
    moment = [datetime(2026, 1, 5, 12, tzinfo=UTC)] * rows
    common = {"interval": ["2026-01-05"] * rows, "id": ids}
    lake.replace("predictions", pa.table(common | {"score": random.random(rows)}), "2026-01-05", "2026-01-06")
    none = pa.nulls(rows, pa.timestamp("us", "UTC"))
    curated = pa.table(common | {"price": random.random(rows), "arrived_at": moment, "superseded_at": none})
    lake.replace("curated", curated.take(pa.array(order)), "2026-01-05", "2026-01-06")
    return lake


def test_the_sample_is_even_the_same_in_both_tables_and_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(sample, "MOST_ROWS", 2_000)
    lake = lake_of(tmp_path, 20_000)
    rows, count = sample.scored(lake, ["id", "score"], DAY, DAY_UNIT)
    again, _ = sample.scored(lake, ["id", "score"], DAY, DAY_UNIT)
    raw = sample.raw(lake, ["id", "price"], DAY, DAY_UNIT)
    assert count == 20_000
    assert 1_800 < len(rows) < 2_200
    assert rows.equals(again)
    assert set(raw.id) == set(rows.id)
    assert abs(rows.score.mean() - 0.5) < 0.03


def test_the_rows_of_several_groups_count_once(tmp_path):
    lake = lake_of(tmp_path, 150_000)  # three row groups of a file
    assert sample.scored(lake, ["score"], DAY, DAY_UNIT)[1] == 150_000


def test_fewer_rows_are_all_read_and_none_are_none(tmp_path):
    lake = lake_of(tmp_path, 500)
    rows, count = sample.scored(lake, ["score"], DAY, DAY_UNIT)
    assert (len(rows), count, list(rows.columns)) == (500, 500, ["score"])
    assert len(sample.raw(lake, ["id"], DAY, DAY_UNIT)) == 500
    other = parse_interval("2026-01-06", "day")
    assert sample.scored(lake, ["score"], other, DAY_UNIT)[1] == 0
    assert sample.raw(lake, ["id"], other, DAY_UNIT).empty


def labelled_lake(folder, many, few):
    """Predictions of many rows on one day and few on the next; labels arrive a day after the second."""
    lake = Lake(Settings(home=folder, data=None), "sentiment")
    days = ["2026-01-05"] * many + ["2026-01-06"] * few
    noon = [datetime.fromisoformat(f"{day}T12:00:00+00:00") for day in days]
    ids, score = [f"{day}-{row}" for row, day in enumerate(days)], np.random.default_rng(1).random(len(days))
    scored = {"interval": days, "id": ids, "event_time": noon, "score": score, "model_version": ["1"] * len(days)}
    scored |= {"prediction": (score > 0.5).astype("int8"), "confidence": np.maximum(score, 1 - score)}
    lake.replace("predictions", pa.table(scored), "2026-01-05", "2026-01-07")
    labels = {"interval": ["2026-01-07"] * len(days), "id": ids, "label": (score > 0.4).astype("int8")}
    labels |= {"label_time": [moment.replace(day=7) + timedelta(hours=1) for moment in noon]}
    lake.replace("labels", pa.table(labels), "2026-01-07", "2026-01-08")
    return lake


def test_of_very_many_labelled_rows_a_sample_is_read_and_of_few_all(tmp_path, monkeypatch, sentiment):
    monkeypatch.setattr(sample, "MOST_ROWS", 2_000)
    lake, end = labelled_lake(tmp_path, 20_000, 300), datetime(2026, 1, 8, tzinfo=UTC)
    rows = labelled_rows(lake, sentiment, ("2026-01-05", "2026-01-07"), end)
    sizes = rows.groupby("interval").size().to_dict()
    assert 1_800 < sizes["2026-01-05"] < 2_200
    assert sizes["2026-01-06"] == 300
    assert (rows.label == (rows.score > 0.4)).all()
    assert rows.equals(labelled_rows(lake, sentiment, ("2026-01-05", "2026-01-07"), end))


def test_labels_of_a_sampled_interval_that_arrive_late_are_noticed(tmp_path, monkeypatch, sentiment):
    monkeypatch.setattr(sample, "MOST_ROWS", 2_000)
    lake, day = labelled_lake(tmp_path, 20_000, 300), parse_interval("2026-01-07", DAY_UNIT)
    seen = datetime(2026, 1, 7, tzinfo=UTC), "2026-01-05"
    found = newest_labelled(lake, sentiment, day, "1", seen)
    assert found.first <= "2026-01-05"
    assert 2_000 < len(found.rows) < 2_500
    assert set(found.newest.interval) == {"2026-01-06"}
