"""Faults of the stores that the tables' own logs do not show: cheap looks, none of which waits for a lock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sluss.config.settings import RESTORING
from sluss.errors import SlussError
from sluss.lost_files import lost_files
from sluss.storage.warehouse import open_warehouse
from sluss.tracking.sqlite_error import SQLITE

if TYPE_CHECKING:
    from sluss.config.settings import Settings
    from sluss.context import Context
    from sluss.lost_files import LostFilesError

_DUCKDB = "duckdb:///"
_MAGIC, _AT = b"DUCK", 8  # https://duckdb.org/docs/stable/internals/storage


def broken_restore(settings: Settings) -> str:
    """Return the sentence for a home whose restore has not ended; empty for any other."""
    marker = settings.home / RESTORING
    if not marker.is_file():
        return ""
    return (
        f"The restore of {settings.home} was broken off, so its stores do not agree with each other. Run make restore "
        f"with the same FROM again; {marker} names the backup."
    )


def warehouse_fault(settings: Settings) -> str:
    """Return the sentence for a warehouse that cannot be opened; empty where it can, or where none was made yet.

    A DuckDB file is not opened, which would lock it against a step: its first bytes are read.
    """
    if settings.warehouse.startswith(_DUCKDB):
        path = Path(settings.warehouse.removeprefix(_DUCKDB))
        return _of_file(path) if path.exists() else ""
    try:
        with open_warehouse(settings):
            return ""
    except SlussError as error:
        return str(error)


def _of_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            begins = file.read(_AT + len(_MAGIC))[_AT:]
    except OSError as error:
        return f"The warehouse {path} cannot be read: {error.strerror}. Let this user read it, or set SLUSS_HOME."
    if begins == _MAGIC:
        return ""
    return (
        f"The warehouse {path} is damaged: it is not a DuckDB file any more. Restore it from a backup "
        "(docs/backup.md), or move it away and load its rows again: make data USE_CASE=… for the history, then "
        "INTERVAL=… for each later interval."
    )


def missing_files(context: Context) -> LostFilesError | None:
    """Return the sentence for files of the lake that are gone or have another size, where the lake is a folder.

    In a bucket, each file would be a request: there, a step that meets a lost file names it.
    """
    return None if context.settings.lake_options else lost_files(context)


def lost_database(settings: Settings) -> str:
    """Return the sentence for a file of MLflow's that is gone or empty, although a ledger has entries."""
    if not settings.mlflow_uri.startswith(SQLITE):
        return ""
    path = Path(settings.mlflow_uri.removeprefix(SQLITE))
    if path.exists() and path.stat().st_size:
        return ""
    fault = "is empty" if path.exists() else "is gone"
    return (
        f"MLflow's database {path} {fault}. Restore it from a backup (docs/backup.md), or begin a new one, in which "
        "the champion is registered again:"
    )
