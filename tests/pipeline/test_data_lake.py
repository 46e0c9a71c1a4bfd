"""The lake: steps that write the same interval at once leave its rows once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pyarrow as pa
import pytest

from tasks.shared.settings import Settings
from tasks.storage.lake import Lake


@pytest.mark.parametrize("_", range(10))
def test_writers_that_make_a_table_at_once_leave_the_rows_once(tmp_path, _):
    together, rows = Barrier(2), pa.table({"interval": ["2026-01-01"] * 3, "id": ["a", "b", "c"]})

    def write():
        together.wait()
        Lake(Settings(home=tmp_path), "sentiment").replace("curated", rows, "2026-01-01", "2026-01-02")

    with ThreadPoolExecutor(2) as threads:
        for each in [threads.submit(write) for _ in range(2)]:
            each.result()
    assert sorted(Lake(Settings(home=tmp_path), "sentiment").dataset("curated").to_table()["id"].to_pylist()) == [
        "a", "b", "c",
    ]  # fmt: skip
