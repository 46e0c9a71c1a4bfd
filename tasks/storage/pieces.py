"""Read partitions of a table piece by piece, in constant memory.

A scanner would decode up to a gigabyte ahead of a consumer that takes its time.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.storage.lake import INTERVAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    import pyarrow.dataset as ds


@dataclass(frozen=True)
class Pieces:
    """Some columns of some partitions. One row group is held at a time."""

    columns: list[str]
    schema: "pa.Schema"  # of the whole table
    groups: "list[ds.ParquetFileFragment]"

    @property
    def rows(self) -> int:
        """How many rows there are, from the files' footers."""
        return sum(int(group.count_rows()) for group in self.groups)

    def batches(self, size: int) -> "Iterator[pa.RecordBatch]":
        """All rows, at most `size` at a time."""
        for group in self.groups:
            yield from group.to_table(columns=self.columns, schema=self.schema).to_batches(max_chunksize=size)

    def none(self) -> "pa.RecordBatch":
        """A batch without rows."""
        import pyarrow as pa

        return pa.RecordBatch.from_pylist([], pa.schema([self.schema.field(name) for name in self.columns]))


def pieces(table: "ds.Dataset", columns: list[str], first: str, end: str) -> Pieces:
    """The partitions first ≤ interval < end. The footers of their files are read here, the rows later."""
    import pyarrow.dataset as ds

    files = table.get_fragments(filter=(ds.field(INTERVAL) >= first) & (ds.field(INTERVAL) < end))
    return Pieces(columns, table.schema, [group for file in files for group in file.split_by_row_group()])
