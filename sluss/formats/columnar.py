"""Rows of formats that hold columns: Parquet, and Arrow or Feather."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.batches import fitting_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from sluss.formats.data_file import DataFile, Form

_BATCH = 50_000  # rows


def read_parquet(file: DataFile, _: Form) -> Iterator[pa.RecordBatch]:
    """Stream the rows."""
    import pyarrow.parquet as pq

    with file.system.open_input_file(file.path) as opened:
        read = pq.ParquetFile(opened)
        groups = [read.metadata.row_group(number) for number in range(read.num_row_groups)]
        size = fitting_rows(_BATCH, read.metadata.num_rows, sum(group.total_byte_size for group in groups))
        yield from read.iter_batches(batch_size=size)


def read_arrow(file: DataFile, _: Form) -> Iterator[pa.RecordBatch]:
    """Stream the rows of a file or of a stream."""
    import pyarrow as pa

    with file.system.open_input_file(file.path) as opened:
        try:
            reader = pa.ipc.open_file(opened)
        except pa.ArrowInvalid:
            opened.seek(0)
            yield from pa.ipc.open_stream(opened)
            return
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)
