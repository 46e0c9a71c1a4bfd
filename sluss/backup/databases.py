"""Copies of the embedded mode's databases, by each one's own means, while steps use them."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.backup.sound import DUCKDB, SQLITE, fault_of
from sluss.errors import ServiceError
from sluss.storage.connections import damaged_duckdb
from sluss.storage.warehouse import open_warehouse

if TYPE_CHECKING:
    from sluss.config.settings import Settings

_SQLITE, _DUCKDB = "sqlite:///", "duckdb:///"
_PAGES = 4096  # that are copied at a time; between them, others may write


@dataclass(frozen=True)
class Embedded:
    """The databases of the embedded mode: SQLite and DuckDB files."""

    settings: Settings

    def paths(self) -> dict[str, Path]:
        """The file of each database, by its name; those that are servers elsewhere are missing."""
        found = {"airflow": self.settings.home / "airflow" / "airflow.db"}
        for name, url, scheme in (
            ("mlflow", self.settings.mlflow_uri, _SQLITE),
            ("warehouse", self.settings.warehouse, _DUCKDB),
        ):
            if url.startswith(scheme):
                found[name] = Path(url.removeprefix(scheme))
        return found

    def left_out(self) -> tuple[str, ...]:
        """Databases that are servers, which have backups of their own; a sentence each."""
        known = self.paths()
        urls = {"mlflow": ("MLflow", "MLFLOW_TRACKING_URI"), "warehouse": ("the warehouse", "SLUSS_WAREHOUSE_URL")}
        return tuple(
            f"{words} is a server elsewhere ({variable}): its data are not in this backup."
            for name, (words, variable) in urls.items()
            if name not in known
        )

    def dump(self, name: str, folder: Path) -> None:
        """Copy a database into a folder, under its name; do nothing if there is none.

        Raises:
            ServiceError: it is damaged, or another process has it open.
        """
        path = self.paths().get(name)
        if path is None or not path.is_file():
            return
        copy = folder / file_name(name)
        copy.unlink(missing_ok=True)
        if name == "warehouse":
            self._copy_duckdb(path, copy)
        else:
            _copy_sqlite(path, copy)
        if fault := fault_of(copy):
            raise _not_kept(damaged_duckdb(path, fault) if name == "warehouse" else _damaged_sqlite(path, fault))

    def _copy_duckdb(self, path: Path, copy: Path) -> None:
        # While the connection is open, no other process can write to the file.
        with open_warehouse(self.settings) as warehouse:
            warehouse.execute("CHECKPOINT")
            # A process of its own: if this one opened and closed the file, it would give up DuckDB's lock on it.
            done = subprocess.run(["cp", "--", path, copy], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServiceError(f"The warehouse {path} cannot be copied: {done.stderr.strip()}.")


def file_name(name: str) -> str:
    """The name of a database's file in a backup."""
    return f"{name}{DUCKDB}" if name == "warehouse" else f"{name}{SQLITE}"


def _copy_sqlite(path: Path, copy: Path) -> None:
    try:
        source, target = sqlite3.connect(f"file:{path}?mode=ro", uri=True), sqlite3.connect(copy)
        with closing(source), closing(target):
            source.backup(target, pages=_PAGES)
    except sqlite3.DatabaseError as error:
        if not isinstance(error, sqlite3.OperationalError):  # the file is not one of SQLite's
            raise _not_kept(_damaged_sqlite(path, str(error))) from error
        raise ServiceError(
            f"The database {path} cannot be copied: {error}. Check the rights of that file and of its folder, and "
            "whether another program holds it; then run the command again."
        ) from error


def _damaged_sqlite(path: Path, fault: str) -> ServiceError:
    return ServiceError(f"The database {path} is damaged: {fault}. Restore it from an older backup.")


def _not_kept(damaged: ServiceError) -> ServiceError:
    """A backup of it would take the place of one that can be restored."""
    return ServiceError(f"{damaged} No backup was made.")
