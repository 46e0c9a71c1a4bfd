"""Single rows and what a partition was made from, out of real Delta tables."""

import pyarrow as pa
import pytest

from tasks.shared.settings import Settings
from tasks.storage import lookup
from tasks.storage.lake import Lake

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")


@pytest.fixture
def lake(tmp_path) -> Lake:
    """Three days of two rows, of which one comes every day."""
    lake = Lake(Settings(home=tmp_path), "shop")
    for number, (day, after) in enumerate(zip(DAYS, [*DAYS[1:], "2026-01-04"], strict=True)):
        rows = pa.table({"interval": [day, day], "id": ["it's", f"row-{day}"], "score": [number / 4, 0.5]})
        lake.replace("predictions", rows, day, after, {lookup.SCORED_FROM: str(number)})
    return lake


def test_a_row_is_found_in_all_its_intervals_the_newest_first(lake):
    found = lookup.rows_with_id(lake, "predictions", "it's").to_pylist()
    assert [(row["interval"], row["score"]) for row in found] == list(zip(DAYS[::-1], (0.5, 0.25, 0.0), strict=True))
    assert lookup.rows_with_id(lake, "predictions", "it's", DAYS[1]).to_pylist() == [found[1]]


def test_a_found_row_has_the_types_of_its_table(lake):
    found = lookup.rows_with_id(lake, "predictions", "it's")
    assert found.schema == lake.dataset("predictions").schema


def test_nothing_is_found_where_there_is_nothing(lake):
    assert lookup.rows_with_id(lake, "predictions", "x' OR '1' = '1").num_rows == 0
    assert lookup.rows_with_id(lake, "labels", "it's") is None
    assert lookup.written(lake, "labels", DAYS[0]) is None
    assert lookup.written(lake, "predictions", "2026-01-04") is None


def test_a_partition_tells_what_it_was_made_from_after_others_were_written(lake):
    first = lookup.written(lake, "predictions", DAYS[0])
    assert first.notes[lookup.SCORED_FROM] == "0"
    lake.replace("predictions", pa.table({"interval": [DAYS[0]], "id": ["it's"], "score": [0.9]}), *DAYS[:2])
    again = lookup.written(lake, "predictions", DAYS[0])
    assert lookup.SCORED_FROM not in again.notes
    assert again.version == 3
    assert again.at >= first.at
