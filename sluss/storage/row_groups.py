"""Read partitions of a table piece by piece, in constant memory.

A scanner would decode up to a gigabyte ahead of a consumer that takes its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    import pyarrow.dataset as ds


@dataclass(frozen=True)
class Pieces:
    """Some columns of some partitions. One row group is held at a time."""

    columns: list[str]
    schema: pa.Schema  # of the whole table
    groups: list[ds.ParquetFileFragment]
    kept: ds.Expression

    @property
    def is_empty(self) -> bool:
        """Whether there is no row at all."""
        return not any(self._kept)

    def batches(self, size: int) -> Iterator[pa.RecordBatch]:
        """All rows, at most `size` at a time."""
        for group, count in zip(self.groups, self._kept, strict=True):
            # To let all rows through a filter would take half as long as to read them.
            kept = None if count == sum(part.num_rows for part in group.row_groups) else self.kept
            # One row group is too little to share: with threads it takes half as much of the processor again.
            rows = group.to_table(columns=self.columns, schema=self.schema, filter=kept, use_threads=False)
            yield from rows.to_batches(max_chunksize=size)

    @cached_property
    def _kept(self) -> list[int]:
        """How many rows of each group are kept. Nothing is read where the statistics of its file can say it."""
        scanners = (group.scanner(schema=self.schema, columns=[], filter=self.kept) for group in self.groups)
        return [scanner.count_rows() for scanner in scanners]

    def none(self) -> pa.RecordBatch:
        """A batch without rows."""
        import pyarrow as pa

        return pa.RecordBatch.from_pylist([], pa.schema([self.schema.field(name) for name in self.columns]))


def pieces(table: ds.Dataset, columns: list[str], span: tuple[str, str], kept: ds.Expression) -> Pieces:
    """The rows that `kept` lets through of the partitions first ≤ interval < end.

    The footers of their files are read here, the rows later.
    """
    import pyarrow.dataset as ds

    first, end = span
    kept = (ds.field(INTERVAL) >= first) & (ds.field(INTERVAL) < end) & kept
    files = table.get_fragments(filter=kept)
    return Pieces(columns, table.schema, [group for file in files for group in file.split_by_row_group()], kept)
