"""Errors of the SQLite file that holds MLflow's runs in the embedded mode, as one sentence."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from sluss.errors import ServiceError

if TYPE_CHECKING:
    from sluss.config.settings import Settings

SQLITE = "sqlite:///"
_LOST = (
    "Restore it from a backup (docs/backup.md). Without one, move the file away: a new one begins, and make repair "
    "USE_CASE=… registers the champion again"
)
_CURES = {
    "SQLITE_BUSY": "Another process writes to it. Wait for its end, then run this again",
    "SQLITE_LOCKED": "Another process writes to it. Wait for its end, then run this again",
    "SQLITE_READONLY": "Let this user write to the file and its folder, or set SLUSS_HOME to another",
    "SQLITE_CANTOPEN": "Let this user write to the file and its folder, or set SLUSS_HOME to another",
    "SQLITE_PERM": "Let this user write to the file and its folder, or set SLUSS_HOME to another",
    "SQLITE_CORRUPT": _LOST,
    "SQLITE_NOTADB": _LOST,
    "SQLITE_ERROR": _LOST,
}


def sqlite_error(settings: Settings, error: BaseException) -> ServiceError | None:
    """Return the ServiceError for an error that came from MLflow's SQLite file, or None.

    A full disk is not among them: it is named as such wherever it is met.
    """
    found = _cause(error) if settings.mlflow_uri.startswith("sqlite:") else None
    name = _name(found)
    if name not in _CURES:
        return None
    path = settings.mlflow_uri.removeprefix(SQLITE)
    return ServiceError(f"MLflow's database {path} cannot be used: {found}. {_CURES[name]}.")


def unfinished(error: BaseException) -> bool:
    """Whether an error at the opening of the file comes from tables that are there in part."""
    return _name(_cause(error)) == "SQLITE_ERROR"


def other_schema(settings: Settings, error: Exception) -> ServiceError:
    """Return the sentence for a file whose tables are not those of the MLflow that is installed."""
    path = settings.mlflow_uri.removeprefix(SQLITE)
    reason = " ".join(str(error).split()).split(". ")[0].rstrip(".")
    return ServiceError(f"MLflow's database {path} cannot be used: {reason}. {_LOST}.")


def _name(error: sqlite3.Error | None) -> str:
    """SQLite's name for a kind of error: `SQLITE_BUSY_SNAPSHOT` is a kind of `SQLITE_BUSY`."""
    return "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])


def _cause(error: BaseException | None) -> sqlite3.Error | None:
    while error is not None:
        origin = getattr(error, "orig", error)  # SQLAlchemy's errors have that of the driver in it
        if isinstance(origin, sqlite3.Error):
            return origin
        error = error.__cause__ or error.__context__
    return None
