"""Long texts: a batch is limited by bytes, so that neither time nor memory grow with the length of a row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from sluss.batches import BATCH_BYTES, fitting_rows, sliced
from sluss.curation.spool import rechunked
from sluss.formats.data_file import DataFile, Form
from sluss.formats.read import read_file
from sluss.gates.checks.speed import batch_of

if TYPE_CHECKING:
    from pathlib import Path

_LONG = "word " * 32_000  # 160 KB
_SOME = 500


def test_the_speed_gate_repeats_short_rows_to_a_usual_batch_and_long_ones_to_a_few_megabytes() -> None:
    short = pd.DataFrame({"text": ["a b"] * 10})
    long = pd.DataFrame({"text": [_LONG] * 400})
    assert len(batch_of(short)) == 4_096
    assert 50 < len(batch_of(long)) < 150
    assert len(batch_of(pd.DataFrame({"text": ["x" * (64 << 20)]}))) == 1


def test_rows_come_in_batches_of_limited_bytes_from_every_place(tmp_path: Path) -> None:
    table = pa.table(
        {"id": [str(number) for number in range(_SOME)], "text": [f"{_LONG}{number}" for number in range(_SOME)]}
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    lines = (json.dumps({"id": str(number), "text": f"{_LONG}{number}"}) for number in range(_SOME))
    (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    files = [DataFile(fs.LocalFileSystem(), str(tmp_path / name), 0) for name in ("rows.parquet", "rows.jsonl")]
    for batches in (
        *(read_file(file, Form()) for file in files),
        sliced(table, 50_000),
        rechunked(iter(table.to_batches())),
    ):
        found = list(batches)
        assert sum(batch.num_rows for batch in found) == _SOME
        assert max(batch.nbytes for batch in found) <= 1.2 * BATCH_BYTES
        assert [value for batch in found for value in batch["id"].to_pylist()] == table["id"].to_pylist()


def test_short_rows_come_in_batches_of_the_usual_number() -> None:
    assert fitting_rows(1_000, 5_000, 5_000 * 80) == 1_000
    assert fitting_rows(1_000, 0, 0) == 1_000
    assert fitting_rows(1_000, 1, 10 * BATCH_BYTES) == 1
