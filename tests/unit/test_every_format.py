"""A table in every format, compressed or not, on disk and under S3: `make new` finds what a source reads."""

from __future__ import annotations

import bz2
import gzip
import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from any_table import ROWS, config, context, table, write_csv
from pyarrow import feather, fs, parquet
from s3_stand_in import serving

from sluss.errors import DataError
from sluss.formats.data_file import DataFile, Form
from sluss.formats.json_rows import _BLOCK
from sluss.formats.read import read_file
from sluss.profiling.columns import profile
from sluss.profiling.whole_table import opened
from sluss.profiling.writing import Writing
from sluss.sources.source import source_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COLUMNS = table()
OBJECTS = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]
LINES = "\n".join(map(json.dumps, OBJECTS))


def excel(path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in ([*COLUMNS], *zip(*COLUMNS.values(), strict=True)):
        book.active.append([*row])
    book.save(path)


def zstd(path: Path) -> None:
    with pa.output_stream(str(path), compression="zstd") as stream:
        stream.write(LINES.encode())


def text() -> str:
    rows = [COLUMNS, *zip(*COLUMNS.values(), strict=True)]
    return "\n".join("\t".join(map(str, row)) for row in rows) + "\n"


WRITERS: dict[str, Callable[[Path], object]] = {
    "rows.csv": lambda path: write_csv(path, COLUMNS),
    "rows.tsv": lambda path: path.write_text(text(), encoding="utf-8"),
    "rows.tab.bz2": lambda path: path.write_bytes(bz2.compress(text().encode())),
    "rows.csv.gz": lambda path: path.write_bytes(gzip.compress(text().encode())),
    "rows.txt": lambda path: path.write_text(text(), encoding="utf-16"),
    "rows.jsonl": lambda path: path.write_text(LINES, encoding="utf-8"),
    "rows.json": lambda path: path.write_text(json.dumps(OBJECTS, indent=2), encoding="utf-8"),
    "rows.json.gz": lambda path: path.write_bytes(gzip.compress(json.dumps(OBJECTS).encode())),
    "rows.ndjson.zst": zstd,
    "rows.xlsx": excel,
    "rows.parquet": lambda path: parquet.write_table(pa.table(COLUMNS), path),
    "rows.feather": lambda path: feather.write_feather(pa.table(COLUMNS), path),
}


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    folder = tmp_path_factory.mktemp("s3")
    (folder / "theirs").mkdir()
    with serving(folder) as address:
        yield folder / "theirs", address


@pytest.mark.parametrize("on_s3", [False, True])
@pytest.mark.parametrize("name", WRITERS)
def test_the_profile_and_the_source_see_the_same_table(tmp_path, monkeypatch, bucket, name, on_s3):
    path = (bucket[0] if on_s3 else tmp_path) / name
    WRITERS[name](path)
    data, settings = str(path), {}
    if on_s3:
        data, keys = f"s3://theirs/{name}", {"access_key_id": "someone", "secret_access_key": "secret"}
        settings = {f"s3_{key}": value for key, value in (keys | {"endpoint_url": bucket[1]}).items()}
        for key, value in settings.items():
            monkeypatch.setenv(f"SLUSS_{key}".upper(), value)
    with opened(data) as whole:
        found = profile(whole, Writing())
    assert found.rows == ROWS
    assert {each: found.columns[each].kind for each in "tx"} == {"t": "time", "x": "number"}
    where = context(
        tmp_path / "work", config({"path": data, "encoding": "utf-16" if "txt" in name else None}), **settings
    )
    batches = source_of(where).rows(where.use_case.history)
    assert sum(batch.num_rows for batch in batches) == ROWS


def as_read(path: Path) -> list[dict[str, str]]:
    batches = read_file(DataFile(fs.LocalFileSystem(), str(path), 0), Form())
    return [row for batch in batches for row in batch.to_pylist()]


def test_a_list_of_objects_is_read_across_the_blocks_of_its_file(tmp_path):
    path = tmp_path / "rows.json"
    rows = [{"a": f"{number}" * 1000, "b": "[,]{"} for number in range(3 * _BLOCK // 4000)] + [{"a": "x" * 3 * _BLOCK}]
    path.write_text("\n " + json.dumps(rows, indent=1), encoding="utf-8")
    assert [row["a"] for row in as_read(path)] == [row["a"] for row in rows]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ('[{"a": 1}, 2]', "entry 2, is not a JSON object"),
        ('[{"a": 1}, {"a"', r"entry 2: .*Check the end of the file"),
        ('{"a": 1}\n[2]', "line 2 is not a JSON object"),
        ('{"a": 1}\n{', r"line 2: .*Each line must be one JSON object"),
    ],
)
def test_json_that_is_damaged_is_named_by_its_place(tmp_path, content, fault):
    path = tmp_path / "rows.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=fault):
        as_read(path)
    with pytest.raises(DataError, match=fault), opened(str(path)):
        pass


def test_objects_that_lack_a_key_have_no_value_there(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n{"a": 2, "b": ["x"]}\n', encoding="utf-8")
    with opened(str(path)) as whole:
        assert whole.ask("SELECT a, b FROM data ORDER BY a") == [("1", None), ("2", '["x"]')]
