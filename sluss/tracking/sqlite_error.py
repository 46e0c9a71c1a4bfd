"""Errors of the SQLite file that holds MLflow's runs in the embedded mode, as one sentence."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from sluss.errors import ServiceError

if TYPE_CHECKING:
    from sluss.config.settings import Settings

_CURES = {
    "SQLITE_BUSY": "Another process writes to it. Wait for its end, then run this again",
    "SQLITE_LOCKED": "Another process writes to it. Wait for its end, then run this again",
    "SQLITE_READONLY": "Let this user write to the file and its folder, or set SLUSS_HOME to another",
    "SQLITE_CANTOPEN": "Let this user write to the file and its folder, or set SLUSS_HOME to another",
    "SQLITE_PERM": "Let this user write to the file and its folder, or set SLUSS_HOME to another",
    "SQLITE_CORRUPT": "Restore it from a copy",
    "SQLITE_NOTADB": "Restore it from a copy",
    "SQLITE_ERROR": "Restore it from a copy",
}


def sqlite_error(settings: Settings, error: BaseException) -> ServiceError | None:
    """Return the ServiceError for an error that came from MLflow's SQLite file, or None.

    A full disk is not among them: it is named as such wherever it is met.
    """
    found = _cause(error) if settings.mlflow_uri.startswith("sqlite:") else None
    # `SQLITE_BUSY_SNAPSHOT` is a kind of `SQLITE_BUSY`.
    name = "_".join(getattr(found, "sqlite_errorname", "").split("_")[:2])
    if name not in _CURES:
        return None
    path = settings.mlflow_uri.removeprefix("sqlite:///")
    return ServiceError(f"MLflow's database {path} cannot be used: {found}. {_CURES[name]}.")


def _cause(error: BaseException | None) -> sqlite3.Error | None:
    while error is not None:
        origin = getattr(error, "orig", error)  # SQLAlchemy's errors have that of the driver in it
        if isinstance(origin, sqlite3.Error):
            return origin
        error = error.__cause__ or error.__context__
    return None
