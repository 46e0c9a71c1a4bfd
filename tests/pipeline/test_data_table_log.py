"""The table log: single rows and the provenance of a partition, from real Delta tables."""

from __future__ import annotations

import pyarrow as pa
import pytest

from sluss.config.settings import Settings
from sluss.storage import table_log
from sluss.storage.lake import Lake
from sluss.storage.table_log import SCORED_FROM

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")


@pytest.fixture
def lake(tmp_path) -> Lake:
    """Three days of two rows, of which one comes every day."""
    lake = Lake(Settings(home=tmp_path), "shop")
    for number, (day, after) in enumerate(zip(DAYS, [*DAYS[1:], "2026-01-04"], strict=True)):
        rows = pa.table({"interval": [day, day], "id": ["it's", f"row-{day}"], "score": [number / 4, 0.5]})
        lake.replace("predictions", rows, day, after, {SCORED_FROM: str(number)})
    return lake


def test_a_row_is_found_in_all_its_intervals_the_newest_first(lake):
    found = table_log.rows_with_id(lake, "predictions", "it's").to_pylist()
    assert [(row["interval"], row["score"]) for row in found] == list(zip(DAYS[::-1], (0.5, 0.25, 0.0), strict=True))
    assert table_log.rows_with_id(lake, "predictions", "it's", DAYS[1]).to_pylist() == [found[1]]


def test_a_found_row_has_the_types_of_its_table(lake):
    found = table_log.rows_with_id(lake, "predictions", "it's")
    assert found.schema == lake.dataset("predictions").schema


def test_nothing_is_found_where_there_is_nothing(lake):
    assert table_log.rows_with_id(lake, "predictions", "x' OR '1' = '1").num_rows == 0
    assert table_log.rows_with_id(lake, "labels", "it's") is None
    assert table_log.written(lake, "labels", DAYS[0]) is None
    assert table_log.written(lake, "predictions", "2026-01-04") is None


def test_a_partition_keeps_its_provenance_after_others_were_written(lake):
    first = table_log.written(lake, "predictions", DAYS[0])
    assert first.notes[SCORED_FROM] == "0"
    lake.replace("predictions", pa.table({"interval": [DAYS[0]], "id": ["it's"], "score": [0.9]}), *DAYS[:2])
    again = table_log.written(lake, "predictions", DAYS[0])
    assert SCORED_FROM not in again.notes
    assert again.version == 3
    assert again.at >= first.at
