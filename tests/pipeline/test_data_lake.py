"""The lake: who writes at once, what a reader sees meanwhile, and what stays of a table's past."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pyarrow as pa
import pytest

from sluss.config.settings import Settings
from sluss.storage.lake import Lake
from sluss.storage.table_log import files, in_common


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


def day(number):
    rows = pa.table({"interval": [f"2026-01-{number:02}"], "id": [str(number)]})
    return rows, f"2026-01-{number:02}", f"2026-01-{number + 1:02}"


def ids(lake):
    return sorted(lake.dataset("curated").to_table()["id"].to_pylist())


def test_the_log_keeps_statistics_of_the_indexed_columns_only(tmp_path):
    lake, rows = Lake(Settings(home=tmp_path), "sentiment"), day(1)[0]
    lake.replace("curated", rows.append_column("text", pa.array(["well"])), *day(1)[1:])
    (known,) = files(lake, "curated")
    assert (known["min.id"], known["max.id"], known["num_records"]) == ("1", "1", 1)
    assert not {"min.text", "max.text"} & set(known)


def test_the_log_alone_gives_the_rows_of_a_partition_and_their_common_values(tmp_path):
    lake = Lake(Settings(home=tmp_path), "sentiment")
    assert in_common(lake, "predictions", ["model_version"]) == {}
    versions = {"2026-01-01": ["1", "1", "1"], "2026-01-02": ["2", "10", "2"]}
    for number, (name, by) in enumerate(versions.items(), start=1):
        rows = {"interval": [name] * 3, "id": list("abc"), "model_version": by, "mean_confidence": [0.1 + 0.2] * 3}
        lake.replace("predictions", pa.table(rows), name, f"2026-01-{number + 1:02}")
    for each in Path(lake.uri("predictions")).rglob("*.parquet"):
        each.write_bytes(b"")
    rows = {file["partition.interval"]: file["num_records"] for file in files(lake, "predictions")}
    assert rows == {"2026-01-01": 3, "2026-01-02": 3}
    assert in_common(lake, "predictions", ["model_version", "mean_confidence", "text"]) == {
        "2026-01-01": {"model_version": "1", "mean_confidence": 0.1 + 0.2},
        "2026-01-02": {"mean_confidence": 0.1 + 0.2},
    }


def test_a_held_table_stays_as_it_was_until_its_reader_writes_to_it(tmp_path):
    reader, writer = (Lake(Settings(home=tmp_path), "sentiment") for _ in range(2))
    writer.replace("curated", *day(1))
    reader = reader.holding("curated", "labels")
    for table in ("curated", "labels"):
        writer.replace(table, *day(2))
    assert ids(reader) == ["1"]
    assert reader.dataset("labels") is None  # nor was it there to be held
    reader.replace("labels", *day(3))
    assert reader.dataset("labels").count_rows() == 2
    reader.replace("curated", *day(3))
    assert ids(reader) == ["1", "2", "3"]
    writer.replace("curated", *day(4))
    assert ids(reader) == ["1", "2", "3", "4"]


def test_a_held_table_loses_a_race_for_a_partition_and_tries_again(tmp_path):
    reader, writer = (Lake(Settings(home=tmp_path), "sentiment") for _ in range(2))
    writer.replace("curated", *day(1))
    reader = reader.holding("curated")
    writer.replace("curated", *day(1))
    reader.replace("curated", *day(1))
    assert ids(writer) == ["1"]


def test_old_versions_outlive_every_checkpoint(tmp_path):
    lake = Lake(Settings(home=tmp_path), "sentiment")
    for number in range(1, 13):
        lake.replace("curated", *day(number))
    assert list((tmp_path / "lake" / "sentiment" / "curated" / "_delta_log").glob("*.checkpoint.parquet"))
    assert lake.table("curated").metadata().configuration["delta.enableExpiredLogCleanup"] == "false"
    assert lake.dataset("curated", version=2).count_rows() == 3
