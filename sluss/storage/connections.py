"""Connections to the databases: a DuckDB file or a Postgres, both through ADBC."""

from __future__ import annotations

import atexit
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from sluss.errors import ConfigError, ServiceError
from sluss.memory import usable_memory

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection

_OURS = "SLUSS_WAREHOUSE_URL"
_DUCKDB = "duckdb:///"
POSTGRES = ("postgresql://", "postgres://")

# By default the driver queries Postgres' catalogue for all types, which takes most of the time of connecting.
_KNOWN_TYPES = {"adbc.postgresql.type_resolver_mode": "builtin"}

# Times without a zone mean UTC, whatever zone the process has. To sort a long table, DuckDB would take most of the
# machine's memory; with less it sorts on disk.
_SORTS_IN = 512  # MB
_DUCKDB_SETTINGS = ("SET TimeZone = 'UTC'", f"SET memory_limit = '{_SORTS_IN}MB'")
_QUERY_SHARE, _QUERY_MOST = 4, 2048  # part of the memory that a query may take, and at most so many MB

# A server that is paused or cut off answers nothing, and libpq would wait for hours. A statement that computes keeps
# its connection alive, however long it takes.
_GIVE_UP = {
    "connect_timeout": "20",  # seconds
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",  # milliseconds
}

# DuckDB's driver has no code for a file of which bytes changed, or that another program wrote.
_DAMAGED = re.compile(r"Corrupt database|not a valid DuckDB|checksum|database has been invalidated", re.IGNORECASE)

# Idle connections to Postgres, by process and URL: a new one takes 20 ms. The process is part of the key, because a
# forked child must not use its parent's connection.
_IDLE: dict[tuple[int, str], Connection] = {}


@atexit.register
def _close_idle() -> None:
    while _IDLE:
        _IDLE.popitem()[1].close()


def connect_duckdb(url: str) -> Connection:
    """Open a DuckDB file.

    Raises:
        ConfigError: the URL is not DuckDB's.
        ServiceError: the file cannot be opened, or another process has it open.
    """
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
        connection = dbapi.connect(str(path))
        with connection.cursor() as cursor:
            for setting in _DUCKDB_SETTINGS:
                cursor.execute(setting)
        return connection
    except (Error, OSError) as error:
        if "Conflicting lock" in str(error):
            raise ServiceError(
                f"Another process has the warehouse {path} open, and DuckDB allows one at a time. "
                "Wait until it has finished, or use Postgres (SLUSS_WAREHOUSE_URL)."
            ) from error
        if is_damaged(error):
            raise damaged_duckdb(path, reason(error)) from error
        raise ServiceError(
            f"The warehouse {path} cannot be opened: {reason(error)}. Check SLUSS_WAREHOUSE_URL or SLUSS_HOME."
        ) from error


def is_damaged(error: Exception) -> bool:
    """Whether DuckDB found that its file is not as it wrote it."""
    return bool(_DAMAGED.search(str(error)))


def damaged_duckdb(path: Path | str, fault: str) -> ServiceError:
    """Return the sentence for a DuckDB file that is damaged."""
    return ServiceError(
        f"The warehouse {path} is damaged: {fault}. Restore it from a backup, or move it away and load its rows "
        "again: make data USE_CASE=… for the history, then make data USE_CASE=… INTERVAL=… for each later interval."
    )


def failed(url: str, error: Exception) -> ServiceError:
    """Return the sentence for a transaction that the warehouse ended."""
    if url.startswith(POSTGRES):
        return ServiceError(f"The warehouse failed: {reason(error)}. Check its log and its role's rights.")
    path = url.removeprefix(_DUCKDB)
    if is_damaged(error):
        return damaged_duckdb(path, reason(error))
    return ServiceError(
        f"The warehouse {path} failed: {reason(error)}. Check the rights of that file and of its folder, and the room "
        "on their disk."
    )


def room_for_a_query() -> str:
    """Return DuckDB's setting for a query of a use case's own.

    It may look back over many rows by window functions, whose state DuckDB cannot put on disk.
    """
    room = min(usable_memory() // _QUERY_SHARE // 1024**2, _QUERY_MOST)
    return f"SET memory_limit = '{max(room, _SORTS_IN)}MB'"


def connect_postgres(url: str, name: str = _OURS) -> Connection:
    """Connect to Postgres, or take a kept connection. Times without a zone mean UTC there too.

    Raises:
        ConfigError: the address in the variable `name` cannot be parsed.
        ServiceError: Postgres does not answer or rejects the login.
    """
    from adbc_driver_manager import Error
    from adbc_driver_postgresql import dbapi

    address = _address(url, name)
    if kept := _kept(url):
        return kept
    try:
        connection = dbapi.connect(that_gives_up(url), db_kwargs=_KNOWN_TYPES)
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TIME ZONE 'UTC'")
        connection.commit()
        return connection
    except Error as error:
        raise ServiceError(
            f"The {'warehouse' if name == _OURS else 'database'} at {address} cannot be reached: {reason(error)}. "
            f"Check that {'the stack is up (make ps)' if name == _OURS else 'it runs'}, and user, password and host in "
            f"{name}."
        ) from None


def that_gives_up(url: str) -> str:
    """Return an address of Postgres with the limits after which a server counts as gone, where it sets none itself."""
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query))
    return parts._replace(query=urlencode(_GIVE_UP | given, quote_via=quote)).geturl()


def keep(url: str, connection: Connection) -> bool:
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


def _address(url: str, name: str) -> str:
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
            f"{name} is not of the form postgresql://user:password@host:port/database. "
            "Special characters of the password must be percent-encoded: %40 for @, %2F for /, %3A for a colon."
        )
    return f"{parts.hostname}{port}{parts.path}"


def reason(error: Exception) -> str:
    """Return the driver's message on one line, without its prefixes."""
    text = " ".join(str(error).split())
    text = re.sub(r"^([A-Z_]+: )?(\[libpq\] )?([\w ]+: |Execution error \[\w+\]: )?(ERROR: )?", "", text)
    return text.split(" LINE 1:")[0][:300].rstrip(". ")
