"""Tables of the warehouse that Sluss itself writes. Those of someone else are never deleted or overwritten."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import pyarrow as pa
    from adbc_driver_manager.dbapi import Connection

    from sluss.interval import Interval

# Arrow's types whose columns need no cast when they are ingested: DuckDB 2.0 fails on casts of more than 2048 rows.
_TYPES = {
    "string": "TEXT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "float": "REAL",
    "double": "DOUBLE PRECISION",
    "bool": "BOOLEAN",
    "timestamp[us, tz=UTC]": "TIMESTAMP WITH TIME ZONE",
}
# A table with the names of the tables that Sluss wrote. Without it, a table of someone else that bears such a name
# would be replaced.
MARKER = "sluss_tables"
_MAKE_MARKER = f"CREATE TABLE IF NOT EXISTS {MARKER} (name TEXT PRIMARY KEY)"
_LONGEST = 63  # bytes of a name, which Postgres would cut


def quoted(name: str) -> str:
    """Return a name of a table or column as SQL writes it, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def literal(moment: datetime) -> str:
    """Return a moment as both warehouses write it."""
    return f"TIMESTAMP WITH TIME ZONE '{moment.isoformat(sep=' ')}'"


@dataclass(frozen=True)
class OwnTable:
    """One table in an open transaction."""

    connection: Connection
    is_postgres: bool
    name: str

    def replace(self, batches: Iterator[pa.RecordBatch], time_column: str, interval: Interval) -> int:
        """Put rows in the place of those whose time is in the interval, and return how many there are.

        Raises:
            ConfigError: a table of that name exists that Sluss did not write, or a column's name cannot be used.
            DataError: a column has another type than in the table.
        """
        first = next(batches, None)
        existing = self._claimed(will_exist=first is not None)
        if first is not None:
            self._create(existing, first.schema, time_column)
        elif existing is None:
            return 0
        span = f"{quoted(time_column)} >= {literal(interval.start)} AND {quoted(time_column)} < {literal(interval.end)}"
        self._execute(f"DELETE FROM {quoted(self.name)} WHERE {span}")  # noqa: S608 - quoted, and the times are ours
        return 0 if first is None else self._append(itertools.chain([first], batches))

    def _execute(self, sql: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)

    def _has_row(self, sql: str) -> bool:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone() is not None

    def _claimed(self, *, will_exist: bool) -> pa.Schema | None:
        """The table's columns if it exists and is ours; the name is noted if the table will exist."""
        if self.is_postgres:
            # Two writers of the same interval would both delete nothing and both insert.
            self._execute(f"SELECT pg_advisory_xact_lock(hashtext('{self.name}'))")
        if not self.exists(MARKER):
            if self.is_postgres:
                self._execute(f"SELECT pg_advisory_xact_lock(hashtext('{MARKER}'))")
            self._execute(_MAKE_MARKER)
        is_ours = self._has_row(f"SELECT name FROM {MARKER} WHERE name = '{self.name}'")  # noqa: S608 - names of ours
        existing = self._columns()
        claim = f"INSERT INTO {MARKER} VALUES ('{self.name}')"  # noqa: S608 - names of ours
        if existing is not None and not is_ours:
            raise ConfigError(
                f"The warehouse has a table {self.name} that Sluss did not write, so it stays as it is. Rename it; or "
                f"read it as the source (kind: table, table: {self.name}); or, if an earlier version of Sluss wrote "
                f"it, list it: execute {_MAKE_MARKER}; {claim}."
            )
        if will_exist and not is_ours:
            self._execute(claim)
        return existing

    def exists(self, name: str) -> bool:
        """Whether there is a table of that name."""
        here = "table_schema = current_schema()"
        return self._has_row(f"SELECT 1 FROM information_schema.tables WHERE {here} AND table_name = '{name}'")  # noqa: S608

    def _columns(self) -> pa.Schema | None:
        import pyarrow as pa

        if not self.exists(self.name):
            return None
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {quoted(self.name)} LIMIT 0")  # noqa: S608 - quoted
            found = cursor.fetch_arrow_table().schema
        return pa.schema([(field.name, _as_ingested(field.type)) for field in found])

    def _create(self, existing: pa.Schema | None, schema: pa.Schema, time_column: str) -> None:
        """Make the table, or add the columns that it does not have yet."""
        known = [] if existing is None else existing.names
        _check_names([*known, *(name for name in schema.names if name not in known)], self.is_postgres)
        required = {time_column: " NOT NULL"}
        columns = {f.name: f"{quoted(f.name)} {_TYPES[str(f.type)]}{required.get(f.name, '')}" for f in schema}
        if existing is None:
            self._execute(f"CREATE TABLE {quoted(self.name)} ({', '.join(columns.values())})")
            times = [field.name for field in schema if str(field.type).startswith("timestamp")]
            for name in times if self.is_postgres else []:
                index = quoted(f"{self.name}_{name}")
                self._execute(f"CREATE INDEX IF NOT EXISTS {index} ON {quoted(self.name)} ({quoted(name)})")
            return
        for name in schema.names:
            if name not in known:
                self._execute(f"ALTER TABLE {quoted(self.name)} ADD COLUMN {columns[name]}")

    def _append(self, batches: Iterator[pa.RecordBatch]) -> int:
        """Stream rows to the end of the table, whose columns may stand in another order."""
        import pyarrow as pa

        columns = self._columns()
        assert columns is not None
        stream = _Stream(columns, batches)
        reader = pa.RecordBatchReader.from_batches(columns, stream)
        try:
            with self.connection.cursor() as cursor:
                cursor.adbc_ingest(self.name, reader, mode="append")
        except Exception:
            # The driver would turn an error of the source into one of its own.
            if stream.error is not None:
                raise stream.error from None
            raise
        # DuckDB's driver takes a stream that ends in an error for one that ends, and ingests nothing.
        if stream.error is not None:
            raise stream.error
        return stream.rows


class _Stream:
    """Batches on their way into a table: counted, in the table's columns, and with the error that ended them."""

    def __init__(self, columns: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        self.columns, self.batches = columns, batches
        self.rows = 0
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self.batches:
                self.rows += batch.num_rows
                yield _aligned(batch, self.columns)
        except Exception as error:
            self.error = error
            raise


def _aligned(batch: pa.RecordBatch, columns: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    names = set(batch.schema.names)
    values = []
    for field in columns:
        try:
            given = (
                batch.column(field.name).cast(field.type) if field.name in names else pa.nulls(len(batch), field.type)
            )
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"The column '{field.name}' has another type than the rows before, {field.type} ({error}). Correct "
                "the data, leave the column out (source.exclude), or give the use case a new name."
            ) from None
        values.append(given)
    return pa.RecordBatch.from_arrays(values, schema=columns)


def _as_ingested(type_: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    return pa.timestamp("us", "UTC") if pa.types.is_timestamp(type_) else type_


def _check_names(names: Sequence[str], is_postgres: bool) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if is_postgres and len(name.encode()) > _LONGEST:
            raise ConfigError(
                f"The name of the column '{name}' is longer than {_LONGEST} bytes, which Postgres would cut. "
                "Give the column another name (source.rename)."
            )
        other = seen.setdefault(name if is_postgres else name.lower(), name)
        if other != name:
            raise ConfigError(
                f"The columns '{other}' and '{name}' differ in upper and lower case only, which DuckDB ignores. Give "
                "one of them another name (source.rename), or leave it out (source.exclude)."
            )
