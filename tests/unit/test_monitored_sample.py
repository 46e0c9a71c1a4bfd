"""Of an interval of very many rows, the monitor reads an even sample of both tables."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from sluss.config.settings import Settings
from sluss.interval import parse_interval, unit_of
from sluss.monitoring import sample
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
