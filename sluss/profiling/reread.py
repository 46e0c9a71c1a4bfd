"""Columns of texts and times read once more, by the functions with which a source reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.conversion.numbers import as_numbers
from sluss.conversion.texts import Texts, plain
from sluss.conversion.times import as_times
from sluss.profiling.whole_table import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from sluss.profiling.whole_table import WholeTable
    from sluss.profiling.writing import Writing

_BATCH = 50_000  # rows
_READ = "as Sluss reads it"  # the end of a column's name that no table has


@dataclass(frozen=True)
class Reread:
    """How the source of the config will read the columns."""

    writing: Writing
    missing: tuple[str, ...]

    def column(self, values: pa.Array, name: str, kind: str) -> pa.Array:
        """The values of a column of numbers or times; null where there is none, or where it cannot be read."""
        values = Texts(self.missing).without_missing(plain(values))
        if kind == "number":
            return as_numbers(values, self.writing.decimal)
        return as_times(values, name, self.writing.time_zone or "UTC", self.writing.date_format)


def read_name(name: str) -> str:
    """The name of the column with the values that were read, as SQL."""
    return quoted(f"{name} {_READ}")


def add_read_columns(table: WholeTable, kinds: Mapping[str, str], reread: Reread) -> None:
    """Add a column with the read values of each column in `kinds`, which are numbers or times.

    Raises:
        ConfigError: most times of a column cannot be read.
    """
    if not kinds:
        return
    names = ", ".join(quoted(name) for name in kinds)
    cursor = table.connection.cursor()
    batches = cursor.sql(f"SELECT {names} FROM data").to_arrow_reader(_BATCH)  # noqa: S608 - quoted
    for number, batch in enumerate(batches):
        _append(table, _read(batch, kinds, reread), is_first=number == 0)
    table.connection.execute("CREATE TABLE joined AS SELECT * FROM data POSITIONAL JOIN reread")
    table.connection.execute("DROP TABLE data; DROP TABLE reread; ALTER TABLE joined RENAME TO data")


def _read(batch: pa.RecordBatch, kinds: Mapping[str, str], reread: Reread) -> pa.Table:
    import pyarrow as pa

    columns = zip(kinds.items(), batch.columns, strict=True)
    return pa.table({f"{name} {_READ}": reread.column(values, name, kind) for (name, kind), values in columns})


def _append(table: WholeTable, rows: pa.Table, *, is_first: bool) -> None:
    table.connection.register("batch", rows)
    table.connection.execute("CREATE TABLE reread AS FROM batch" if is_first else "INSERT INTO reread FROM batch")
    table.connection.unregister("batch")
