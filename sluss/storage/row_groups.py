"""Read partitions of a table one row group at a time, in constant memory.

A pyarrow scanner reads ahead: it decodes up to a gigabyte while a slow consumer works.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sluss.batches import sliced
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    import pyarrow.dataset as ds


@dataclass(frozen=True)
class RowGroups:
    """Columns of some partitions, read one row group at a time."""

    columns: list[str]
    schema: pa.Schema  # of the whole table
    groups: list[ds.ParquetFileFragment]
    kept: ds.Expression

    @property
    def is_empty(self) -> bool:
        """Whether the filter keeps no row."""
        return not any(self._kept)

    @property
    def rows(self) -> int:
        """How many rows the filter keeps."""
        return sum(self._kept)

    def batches(self, size: int) -> Iterator[pa.RecordBatch]:
        """Yield all rows, at most `size` at a time, and fewer where they are long."""
        for group, count in zip(self.groups, self._kept, strict=True):
            # A filter that keeps every row would add half of the reading time.
            kept = None if count == _rows_of(group) else self.kept
            # One row group is too small to share between threads: they cost 50 % more CPU time.
            rows = group.to_table(columns=self.columns, schema=self.schema, filter=kept, use_threads=False)
            yield from sliced(rows, size)

    @cached_property
    def _kept(self) -> list[int]:
        """Rows that the filter keeps of each group; from the file's statistics alone where they decide it."""
        # Without columns, a scanner counts from the statistics, and reads only the filter's own columns if they do not
        # decide.
        scanners = (group.scanner(schema=self.schema, columns=[], filter=self.kept) for group in self.groups)
        # Where the statistics of the file keep every row, a scanner counts the rows of the file, not of the group.
        return [
            min(scanner.count_rows(), _rows_of(group)) for scanner, group in zip(scanners, self.groups, strict=True)
        ]

    def empty(self) -> pa.RecordBatch:
        """Return a batch of these columns without rows."""
        import pyarrow as pa

        return pa.RecordBatch.from_pylist([], pa.schema([self.schema.field(name) for name in self.columns]))


def _rows_of(group: ds.ParquetFileFragment) -> int:
    return sum(part.num_rows for part in group.row_groups)


def row_groups(table: ds.Dataset, columns: list[str], span: tuple[str, str], kept: ds.Expression) -> RowGroups:
    """Find the row groups of the partitions first ≤ interval < end; `kept` filters their rows.

    Reads the footers of the files; `batches` reads the rows.
    """
    import pyarrow.dataset as ds

    first, end = span
    kept = (ds.field(INTERVAL) >= first) & (ds.field(INTERVAL) < end) & kept
    # The log's partitions and bounds exclude whole files before any of them is opened.
    files = table.get_fragments(filter=kept)
    return RowGroups(columns, table.schema, [group for file in files for group in file.split_by_row_group()], kept)
