"""The warehouse: SQL tables in a DuckDB file or in Postgres. ADBC reads and writes both as Arrow."""

from __future__ import annotations

import atexit
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sluss.errors import ConfigError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pyarrow as pa
    from adbc_driver_manager.dbapi import Connection

    from sluss.config.settings import Settings
    from sluss.interval import Interval

_DUCKDB = "duckdb:///"
_POSTGRES = ("postgresql://", "postgres://")
# Arrow's types whose columns need no cast when they are ingested: DuckDB 2.0 fails on casts of more than 2048 rows.
_TYPES = {
    "string": "TEXT",
    "int16": "SMALLINT",
    "int64": "BIGINT",
    "double": "DOUBLE PRECISION",
    "bool": "BOOLEAN",
    "timestamp[us, tz=UTC]": "TIMESTAMP WITH TIME ZONE",
}

# By default the driver queries Postgres' catalogue for all types, which takes most of the time of connecting.
_KNOWN_TYPES = {"adbc.postgresql.type_resolver_mode": "builtin"}
_TYPE, _UNKNOWN = b"POSTGRESQL:type", b"unnamed<"

# Idle connections to Postgres, by process and URL: a new one takes 20 ms. The process is part of the key, because a
# forked child must not use its parent's connection.
_IDLE: dict[tuple[int, str], Connection] = {}


@atexit.register
def _close_idle() -> None:
    while _IDLE:
        _IDLE.popitem()[1].close()


@dataclass(frozen=True)
class Warehouse:
    """An open transaction.

    Names of tables and columns go into the SQL unquoted: they come from the code and from validated config, never from
    rows.
    """

    connection: Connection
    url: str = field(repr=False)  # it holds the password

    @property
    def is_postgres(self) -> bool:
        """Whether it is a Postgres server, which several writers use at the same time."""
        return self.url.startswith(_POSTGRES)

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
        from adbc_driver_manager import Error, OperationalError

        sql = _sql(query)
        for name, moment in (("$1", interval.start), ("$2", interval.end)):
            sql = sql.replace(name, _literal(moment))
        try:
            yield from self._rows(sql)
        except (OperationalError, OSError) as error:
            raise ServiceError(
                f"The warehouse failed at {query}: {_reason(error)}. Check its log, then run the step again."
            ) from error
        except Error as error:
            raise ConfigError(
                f"The warehouse rejects {query}: {_reason(error)}. "
                "Correct it; if its table is missing, bring the data first: python tasks/generate_data.py"
            ) from error

    def _rows(self, sql: str) -> Iterator[pa.RecordBatch]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            found = cursor.fetch_record_batch()
            if not any((field.metadata or {}).get(_TYPE, b"").startswith(_UNKNOWN) for field in found.schema):
                yield from found
                return
        # A type that only this database has, such as an enum: connect again and let the driver query the catalogue.
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            yield from cursor.fetch_record_batch()

    def replace(self, table: str, rows: pa.Table, time_column: str, interval: Interval) -> None:
        """Replace the rows whose time lies in the interval by `rows`; create the table if it is missing."""
        if self.is_postgres:
            # Without a lock, two writers of the same new interval would both delete nothing and both insert.
            self.execute(f"SELECT pg_advisory_xact_lock(hashtext('{table}'))")
        self._create(table, rows.schema)
        span = f"{time_column} >= {_literal(interval.start)} AND {time_column} < {_literal(interval.end)}"
        self.execute(f"DELETE FROM {table} WHERE {span}")  # noqa: S608 - names and times are ours
        with self.connection.cursor() as cursor:
            cursor.adbc_ingest(table, rows, mode="append")

    def _create(self, table: str, schema: pa.Schema) -> None:
        columns = ", ".join(f"{field.name} {_TYPES[str(field.type)]}" for field in schema)
        self.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
        times = [field.name for field in schema if str(field.type).startswith("timestamp")]
        for name in times if self.is_postgres else []:
            self.execute(f"CREATE INDEX IF NOT EXISTS {table}_{name} ON {table} ({name})")


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
    is_postgres = url.startswith(_POSTGRES)
    connection = _connect_postgres(url) if is_postgres else _connect_duckdb(url)
    from adbc_driver_manager import Error

    kept = False
    try:
        yield Warehouse(connection, url)
        connection.commit()
        kept = is_postgres and _keep(url, connection)
    except Error as error:
        raise ServiceError(f"The warehouse failed: {_reason(error)}. Check its log and its role's rights.") from error
    finally:
        if not kept:
            connection.close()  # rolls back an open transaction


def _connect_duckdb(url: str) -> Connection:
    if not url.startswith(_DUCKDB):
        raise ConfigError(
            f"SLUSS_WAREHOUSE_URL starts with '{url.split(':')[0]}:'; "
            "give duckdb:///path or postgresql://user:password@host/database."
        )
    from adbc_driver_duckdb import dbapi
    from adbc_driver_manager import Error

    path = Path(url.removeprefix(_DUCKDB))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return dbapi.connect(str(path))
    except (Error, OSError) as error:
        if "Conflicting lock" in str(error):
            raise ServiceError(
                f"Another process has the warehouse {path} open, and DuckDB allows one at a time. "
                "Wait until it has finished, or use Postgres (SLUSS_WAREHOUSE_URL)."
            ) from error
        raise ServiceError(
            f"The warehouse {path} cannot be opened: {_reason(error)}. Check SLUSS_WAREHOUSE_URL or SLUSS_HOME."
        ) from error


def _connect_postgres(url: str) -> Connection:
    from adbc_driver_manager import Error
    from adbc_driver_postgresql import dbapi

    address = _address(url)
    if kept := _kept(url):
        return kept
    try:
        return dbapi.connect(url, db_kwargs=_KNOWN_TYPES)
    except Error as error:
        raise ServiceError(
            f"The warehouse at {address} cannot be reached: {_reason(error)}. "
            "Check that the stack is up (make ps), and user, password and host in SLUSS_WAREHOUSE_URL."
        ) from None


def _keep(url: str, connection: Connection) -> bool:
    """Keep a connection, outside any transaction, for the next one; return False if another is kept already."""
    connection.adbc_connection.set_autocommit(True)
    return _IDLE.setdefault((os.getpid(), url), connection) is connection


def _kept(url: str) -> Connection | None:
    """Return the kept connection in a new transaction, or None if there is none or Postgres has closed it."""
    from adbc_driver_manager import Error

    connection = _IDLE.pop((os.getpid(), url), None)
    if connection is None:
        return None
    try:
        connection.adbc_connection.set_autocommit(False)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        connection.close()
        return None
    return connection


def _address(url: str) -> str:
    """Return host, port and database without the login, for messages.

    Raises:
        ConfigError: libpq would split the URL at other places, so that part of the password could appear in a message.
    """
    parts = urlsplit(url)
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = None
    if port is None or "@" in parts.path or parts.netloc.count("@") > 1:
        raise ConfigError(
            "SLUSS_WAREHOUSE_URL is not of the form postgresql://user:password@host:port/database. "
            "Special characters of the password must be percent-encoded: %40 for @, %2F for /, %3A for a colon."
        )
    return f"{parts.hostname}{port}{parts.path}"


def _sql(query: Path) -> str:
    try:
        return query.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"The query {query} is missing. Write it; docs/data.md lists its columns.") from None


def _literal(moment: datetime) -> str:
    return f"TIMESTAMP WITH TIME ZONE '{moment.isoformat(sep=' ')}'"


def _reason(error: Exception) -> str:
    """Return the driver's message on one line, without its prefixes."""
    text = " ".join(str(error).split())
    text = re.sub(r"^([A-Z_]+: )?(\[libpq\] )?([\w ]+: |Execution error \[\w+\]: )?(ERROR: )?", "", text)
    return text.split(" LINE 1:")[0][:300].rstrip(". ")
