"""The warehouse: SQL tables in a DuckDB file or in Postgres. ADBC reads and writes both as Arrow."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sluss.errors import ConfigError, ServiceError
from sluss.storage.connections import (
    POSTGRES,
    connect_duckdb,
    connect_postgres,
    failed,
    is_damaged,
    keep,
    reason,
    room_for_a_query,
    that_gives_up,
)
from sluss.storage.own_tables import OwnTable, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa
    from adbc_driver_manager.dbapi import Connection

    from sluss.config.settings import Settings
    from sluss.errors import SlussError
    from sluss.interval import Interval

_TYPE, _UNKNOWN = b"POSTGRESQL:type", b"unnamed<"


@dataclass(frozen=True)
class Warehouse:
    """An open transaction.

    Names of columns may hold any character and are quoted. Names of tables come from validated config.
    """

    connection: Connection
    url: str = field(repr=False)  # it holds the password

    @property
    def is_postgres(self) -> bool:
        """Whether it is a Postgres server, which several writers use at the same time."""
        return self.url.startswith(POSTGRES)

    def execute(self, sql: str) -> None:
        """Execute a statement that returns no rows."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql)

    def read(self, query: Path, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the rows of an SQL file, whose $1 and $2 are the interval's start and end.

        The two times are written into the text: the driver streams a query from Postgres (by COPY) only without bound
        parameters, and otherwise holds the whole result in memory.

        Raises:
            ConfigError: the file is missing, or the warehouse rejects the query.
            ServiceError: the connection to the warehouse broke.
        """
        sql = _sql(query)
        for name, moment in (("$1", interval.start), ("$2", interval.end)):
            sql = sql.replace(name, literal(moment))
        if not self.is_postgres:
            self.execute(room_for_a_query())
        return self.select(sql, str(query))

    def select(self, sql: str, name: str) -> Iterator[pa.RecordBatch]:
        """Stream the rows of a query, which errors call by its name.

        Raises:
            ConfigError: the warehouse rejects the query.
            ServiceError: the connection to the warehouse broke.
        """
        import pyarrow as pa
        from adbc_driver_manager import Error

        try:
            yield from self._rows(sql)
        except (Error, OSError) as error:
            if not self.is_postgres and is_damaged(error):
                raise failed(self.url, error) from error
            raise self._refused(name, error) from error
        except pa.ArrowInvalid as error:  # Arrow's, where the database ends a stream that has begun
            raise self._refused(name, error) from error

    def _refused(self, name: str, error: Exception) -> SlussError:
        from adbc_driver_manager import OperationalError

        if isinstance(error, (OperationalError, OSError)):
            return ServiceError(
                f"The warehouse failed at {name}: {reason(error)}. Check its log, then run the step again."
            )
        return ConfigError(
            f"The warehouse rejects {name}: {reason(error)}. "
            "Correct it; if its table is missing, bring the data first: python tasks/generate_data.py"
        )

    def _rows(self, sql: str) -> Iterator[pa.RecordBatch]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            found = cursor.fetch_record_batch()
            if not any((field.metadata or {}).get(_TYPE, b"").startswith(_UNKNOWN) for field in found.schema):
                yield from found
                return
        # A type that only this database has, such as an enum: connect again and let the driver query the catalogue.
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(that_gives_up(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute("SET TIME ZONE 'UTC'")
            cursor.execute(sql)
            yield from cursor.fetch_record_batch()

    def exists(self, table: str) -> bool:
        """Whether there is a table of that name."""
        return OwnTable(self.connection, self.is_postgres, table).exists(table)

    def schema_of(self, sql: str, name: str) -> pa.Schema:
        """Return the columns of a query, which errors call by its name.

        Raises:
            ConfigError: the warehouse rejects the query.
        """
        from adbc_driver_manager import Error

        try:
            with self.connection.cursor() as cursor:
                cursor.execute(f"SELECT * FROM ({sql}) AS looked_at LIMIT 0")  # noqa: S608 - a query of the config
                return cursor.fetch_arrow_table().schema
        except Error as error:
            raise ConfigError(f"The database rejects {name}: {reason(error)}. Correct it in the config.") from error

    def replace(
        self, table: str, rows: pa.Table | Iterable[pa.RecordBatch], time_column: str, interval: Interval
    ) -> int:
        """Replace the rows whose time is in the interval by `rows`, a table or a stream, and return how many these are.

        Creates the table if it is missing, and the columns that it does not have yet.

        Raises:
            ConfigError: a table of that name exists that Sluss did not write.
        """
        import pyarrow as pa

        if isinstance(rows, pa.Table):
            rows = rows.to_batches() or [pa.RecordBatch.from_pylist([], rows.schema)]
        return OwnTable(self.connection, self.is_postgres, table).replace(iter(rows), time_column, interval)


@contextmanager
def open_warehouse(settings: Settings) -> Iterator[Warehouse]:
    """Open one transaction: commit it at the end of the block, roll it back if the block raises.

    Afterwards a DuckDB file is closed, so that other processes can open it. A connection to Postgres stays open for the
    next transaction of this process.

    Raises:
        ConfigError: the URL is neither DuckDB's nor Postgres'.
        ServiceError: the warehouse does not answer or rejects the login, or another process has its file open.
    """
    url = settings.warehouse
    with _transaction(url, connect_postgres(url) if url.startswith(POSTGRES) else connect_duckdb(url)) as warehouse:
        yield warehouse


@contextmanager
def open_postgres(url: str, name: str) -> Iterator[Warehouse]:
    """Open one transaction in another Postgres than the warehouse, whose address stands in the variable `name`.

    Raises:
        ConfigError: the address is not one of Postgres.
        ServiceError: the database does not answer or rejects the login.
    """
    if not url.startswith(POSTGRES):
        raise ConfigError(f"{name} is not an address of Postgres: give postgresql://user:password@host:port/database.")
    with _transaction(url, connect_postgres(url, name)) as database:
        yield database


@contextmanager
def _transaction(url: str, connection: Connection) -> Iterator[Warehouse]:
    from adbc_driver_manager import Error

    kept = False
    try:
        yield Warehouse(connection, url)
        connection.commit()
        kept = url.startswith(POSTGRES) and keep(url, connection)
    except Error as error:
        raise failed(url, error) from error
    finally:
        if not kept:
            connection.close()  # rolls back an open transaction


def _sql(query: Path) -> str:
    try:
        return query.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"The query {query} is missing. Write it; docs/data.md lists its columns.") from None
