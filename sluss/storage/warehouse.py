"""The warehouse: SQL tables in a DuckDB file or in Postgres, both through ADBC, Arrow both ways."""

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

# Types that every Postgres has are known without asking its catalogue for all of them, which is most of connecting.
_KNOWN_TYPES = {"adbc.postgresql.type_resolver_mode": "builtin"}
_TYPE, _UNKNOWN = b"POSTGRESQL:type", b"unnamed<"

# Connections to Postgres that are not in use, by process and URL: to make one takes 20 ms.
_IDLE: dict[tuple[int, str], Connection] = {}


@atexit.register
def _close_idle() -> None:
    while _IDLE:
        _IDLE.popitem()[1].close()


@dataclass(frozen=True)
class Warehouse:
    """An open transaction. Table and column names come from the code and from checked config, never from rows."""

    connection: Connection
    url: str = field(repr=False)  # it holds the password

    @property
    def is_postgres(self) -> bool:
        """Whether it is a server, with other writers at work."""
        return self.url.startswith(_POSTGRES)

    def execute(self, sql: str) -> None:
        """Run a statement that gives no rows."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql)

    def read(self, query: Path, interval: Interval) -> Iterator[pa.RecordBatch]:
        """Stream the rows of an SQL file, whose $1 and $2 are the interval's start and end.

        The two times are written into the text: Postgres streams a query (by COPY) only if it has no bound parameters,
        and holds the whole result in memory otherwise.

        Raises:
            ConfigError: there is no such file, or the warehouse does not accept it.
            ServiceError: the warehouse broke off.
        """
        from adbc_driver_manager import Error, OperationalError

        sql = _sql(query)
        for name, moment in (("$1", interval.start), ("$2", interval.end)):
            sql = sql.replace(name, _literal(moment))
        try:
            yield from self._rows(sql)
        except (OperationalError, OSError) as error:
            raise ServiceError(
                f"The warehouse broke off at {query}: {_reason(error)}. Look into its log, then run the step again."
            ) from error
        except Error as error:
            raise ConfigError(
                f"The warehouse does not accept {query}: {_reason(error)}. "
                "Correct it; if its table is missing, bring the data first: python tasks/generate_data.py"
            ) from error

    def _rows(self, sql: str) -> Iterator[pa.RecordBatch]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            found = cursor.fetch_record_batch()
            if not any((field.metadata or {}).get(_TYPE, b"").startswith(_UNKNOWN) for field in found.schema):
                yield from found
                return
        # A type that this database alone has, such as an enum.
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            yield from cursor.fetch_record_batch()

    def replace(self, table: str, rows: pa.Table, time_column: str, interval: Interval) -> None:
        """Put `rows` in the place of those whose time is in the interval; the table is created if missing."""
        if self.is_postgres:
            # Two writers of the same interval would both delete nothing and both insert.
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
    """One transaction: committed at the end of the block, rolled back if it fails.

    A file is closed then, for others. A connection to Postgres is kept for the next transaction of this process.

    Raises:
        ConfigError: the URL is neither DuckDB's nor Postgres'.
        ServiceError: the warehouse does not answer, refuses the login, or another process holds its file.
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
        raise ServiceError(f"The warehouse refuses: {_reason(error)}. Check its log and its role's rights.") from error
    finally:
        if not kept:
            connection.close()  # what was not committed is rolled back


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
                f"Another process has the warehouse {path} open, and DuckDB lets in one at a time. "
                "Wait until it is done, or use Postgres (SLUSS_WAREHOUSE_URL)."
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
    """Put a connection aside, outside any transaction; whether there was room, which is for one."""
    connection.adbc_connection.set_autocommit(True)
    return _IDLE.setdefault((os.getpid(), url), connection) is connection


def _kept(url: str) -> Connection | None:
    """The connection put aside, in a new transaction, unless Postgres has ended it meanwhile."""
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
    """Host, port and database, without the login; an URL that libpq would take apart elsewhere is refused."""
    parts = urlsplit(url)
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = None
    if port is None or "@" in parts.path or parts.netloc.count("@") > 1:
        raise ConfigError(
            "SLUSS_WAREHOUSE_URL is no postgresql://user:password@host:port/database. "
            "Special characters of the password must be percent-encoded: %40 for @, %2F for /, %3A for a colon."
        )
    return f"{parts.hostname}{port}{parts.path}"


def _sql(query: Path) -> str:
    try:
        return query.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"The query {query} is missing. Write it; docs/data.md says what it must give.") from None


def _literal(moment: datetime) -> str:
    return f"TIMESTAMP WITH TIME ZONE '{moment.isoformat(sep=' ')}'"


def _reason(error: Exception) -> str:
    """What the driver says, on one line, without its own prefixes."""
    text = " ".join(str(error).split())
    text = re.sub(r"^([A-Z_]+: )?(\[libpq\] )?([\w ]+: |Execution error \[\w+\]: )?(ERROR: )?", "", text)
    return text.split(" LINE 1:")[0][:300].rstrip(". ")
