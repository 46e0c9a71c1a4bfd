"""Sizes of batches by bytes as well as by rows: of long texts, a usual number of rows would fill the memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

BATCH_BYTES = 32 << 20


def fitting_rows(rows: int, total_rows: int, total_bytes: int) -> int:
    """At most `rows`, and fewer where so many of this length exceed the limit in bytes."""
    if total_bytes <= 0 or total_rows <= 0:
        return rows
    return max(min(rows, BATCH_BYTES * total_rows // total_bytes), 1)


def sliced(table: pa.Table, rows: int) -> Iterator[pa.RecordBatch]:
    """The rows of a table in batches that keep both limits."""
    yield from table.to_batches(max_chunksize=fitting_rows(rows, table.num_rows, table.nbytes))
