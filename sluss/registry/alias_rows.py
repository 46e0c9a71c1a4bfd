"""The aliases as rows of MLflow's SQLite file, for a process that has not imported MLflow.

The statements are those of MLflow's own store for this version of its schema. A file of another version is left to
MLflow itself.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluss.config.settings import Settings

_PREFIX = "sqlite:///"
_SCHEMA = "dc11669786a5"  # Alembic's name for it
_DELETED = "Deleted_Internal"  # the stage of a version that was deleted
_PATIENCE = 20  # seconds for others to finish what they write, as in MLflow


def are_known(settings: Settings) -> bool:
    """Whether MLflow keeps its metadata in a file whose schema is the one known here."""
    path = Path(settings.mlflow_uri.removeprefix(_PREFIX))
    if not settings.mlflow_uri.startswith(_PREFIX) or not path.is_file():
        return False
    try:
        with _transaction(settings) as rows:
            return rows.execute("SELECT version_num FROM alembic_version").fetchall() == [(_SCHEMA,)]
    except sqlite3.Error:
        return False


def read(settings: Settings, model: str) -> dict[str, str]:
    """Version by alias."""
    with _transaction(settings) as rows:
        found = rows.execute("SELECT alias, version FROM registered_model_aliases WHERE name = ?", (model,))
        return {alias: str(version) for alias, version in found}


def point(settings: Settings, model: str, alias: str, version: str | None) -> bool:
    """Let the alias name a version, or none. False: there is no such version."""
    with _transaction(settings) as rows:
        if version is None:
            rows.execute("DELETE FROM registered_model_aliases WHERE name = ? AND alias = ?", (model, alias))
            return True
        of_version = "FROM model_versions WHERE name = ? AND version = ? AND current_stage != ?"
        added = rows.execute(
            "INSERT OR REPLACE INTO registered_model_aliases (workspace, name, alias, version) "
            f"SELECT workspace, name, ?, version {of_version}",
            (alias, model, version, _DELETED),
        )
        return added.rowcount == 1


@contextmanager
def _transaction(settings: Settings) -> Iterator[sqlite3.Connection]:
    path = settings.mlflow_uri.removeprefix(_PREFIX)
    # The inner one commits, or rolls back.
    with closing(sqlite3.connect(path, timeout=_PATIENCE)) as connection, connection:
        yield connection
