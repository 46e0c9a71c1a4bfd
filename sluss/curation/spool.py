"""Rows that are put aside while the others are read: in memory as long as they are few, else in a file."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sluss.batches import BATCH_BYTES, fitting_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

_IN_MEMORY = 64 << 20  # bytes
_BATCH = 65_536  # rows


def rechunked(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of one size, fewer of long rows: drivers give as few as 2,048 at a time."""
    import pyarrow as pa

    waiting: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        while rows >= _BATCH or size >= BATCH_BYTES:
            whole, wanted = pa.Table.from_batches(waiting), fitting_rows(_BATCH, rows, size)
            yield from whole.slice(0, wanted).combine_chunks().to_batches()
            waiting = whole.slice(wanted).to_batches()
            rows, size = rows - wanted, sum(each.nbytes for each in waiting)
    if rows > 0:
        yield from pa.Table.from_batches(waiting).combine_chunks().to_batches()


@dataclass
class Spool:
    """Batches of one schema, written once and read as often as is needed."""

    schema: pa.Schema
    folder: Path
    rows: int = 0
    _held: list[pa.RecordBatch] = field(default_factory=list)
    _bytes: int = 0
    _file: Any = None
    _writer: Any = None

    def append(self, batch: pa.RecordBatch) -> None:
        """Add rows at the end."""
        self.rows += batch.num_rows
        if self._writer is not None:
            self._writer.write_batch(batch)
            return
        self._held.append(batch)
        self._bytes += batch.nbytes
        if self._bytes > _IN_MEMORY:
            self._spill()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, from the beginning."""
        import pyarrow as pa

        if self._file is None:
            yield from self._held
            return
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        with pa.OSFile(self._file.name) as opened:
            reader = pa.ipc.open_file(opened)
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)

    def take(self, numbers: list[int]) -> pa.Table:
        """The rows of these numbers, which are sorted."""
        import bisect

        import pyarrow as pa

        found, start = [self.schema.empty_table()], 0
        for batch in self.batches() if numbers else ():
            end = start + batch.num_rows
            here = numbers[bisect.bisect_left(numbers, start) : bisect.bisect_left(numbers, end)]
            if here:
                places = pa.array([number - start for number in here], pa.int64())
                found.append(pa.Table.from_batches([batch.take(places)]))
            start = end
        return pa.concat_tables(found)

    def close(self) -> None:
        """Remove the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._file is not None:
            self._file.close()

    def _spill(self) -> None:
        import pyarrow as pa

        self.folder.mkdir(parents=True, exist_ok=True)
        # Removed by close(), and by the system if the process is killed in between it is at least in the cache.
        self._file = tempfile.NamedTemporaryFile(dir=self.folder, prefix="spool-", suffix=".arrow")  # noqa: SIM115
        self._writer = pa.ipc.new_file(self._file.name, self.schema)
        for batch in self._held:
            self._writer.write_batch(batch)
        self._held = []
