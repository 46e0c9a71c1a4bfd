"""Whether a copy of a database can be read as a whole: its own checksums find bytes that changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


DUCKDB, SQLITE = ".duckdb", ".sqlite"


def is_file_of(path: str) -> bool:
    """Whether a path of a backup is a database in a file, and not the dump of a server."""
    return path.endswith((DUCKDB, SQLITE))


def fault_of(path: Path) -> str:
    """Read all of a database, a file of DuckDB or SQLite; return the fault in it, or an empty text."""
    found = _fault_of_duckdb(path) if path.suffix == DUCKDB else _fault_of_sqlite(path)
    return " ".join(found.split())[:300].rstrip(". ")


def _fault_of_duckdb(path: Path) -> str:
    import duckdb

    try:
        # Without a limit, DuckDB would keep most of what it has read.
        with duckdb.connect(str(path), read_only=True, config={"memory_limit": "512MB"}) as database:
            tables = database.execute("SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal")
            for schema, table in tables.fetchall():
                name = ".".join('"' + each.replace('"', '""') + '"' for each in (schema, table))
                database.execute(f"SELECT bit_xor(hash(row)) FROM {name} AS row").fetchall()  # noqa: S608 - quoted
    except duckdb.Error as error:
        return str(error)
    return ""


def _fault_of_sqlite(path: Path) -> str:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            found = str(database.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        return str(error)
    return "" if found == "ok" else found
