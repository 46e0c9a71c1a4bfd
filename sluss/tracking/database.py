"""The SQLite file of MLflow in the embedded mode, from its beginning.

MLflow creates its tables by dozens of migrations, each of which SQLite commits for itself. A process that is stopped in
between leaves a file that no later one can finish. So a new file is made under another name, and appears when it is
whole.
"""

from __future__ import annotations

import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.tracking.moved_home import FOLDER
from sluss.tracking.sqlite_error import SQLITE, unfinished

if TYPE_CHECKING:
    from sluss.config.settings import Settings

_LOG = logging.getLogger(__name__)
_IN_PROGRESS = ".mlflow-"


def begin(settings: Settings) -> int | None:
    """Make MLflow's file with all its tables if there is none, and return its inode; None without a file.

    Of two processes at once, the first one's file stays.
    """
    path = _path(settings)
    if path is None:
        return None
    if not (path.exists() and path.stat().st_size):
        _make(path)
    return path.stat().st_ino


def _make(path: Path) -> None:
    import mlflow

    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=_IN_PROGRESS) as folder:
        made = Path(folder, path.name)
        mlflow.MlflowClient(tracking_uri=f"{SQLITE}{made}").search_experiments(max_results=1)
        if path.exists() and not path.stat().st_size:
            path.unlink()  # SQLite makes an empty file before it writes to it
        _appear(made, path)


def _appear(made: Path, path: Path) -> None:
    try:
        os.link(made, path)  # atomic, and never in the place of another file
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not path.exists():
            made.rename(path)


def move_away(settings: Settings, error: Exception, inode: int | None) -> bool:
    """Move away a file whose beginning was broken off, as earlier releases left it, if no run has left an artifact.

    `inode`: of the file that the error is about. Of two processes that find it, the second one must not move away the
    file that the first one has made since. Return whether a new one may begin.
    """
    path = _path(settings)
    if path is None or inode is None or not unfinished(error) or _has_artifacts(settings):
        return False
    aside = path.with_name(f"{path.name}.unfinished-{inode}")
    with suppress(FileNotFoundError):
        if path.stat().st_ino == inode:
            path.rename(aside)
            _LOG.warning("MLflow's database %s was never finished: a new one begins. It is kept as %s.", path, aside)
    return True


def _has_artifacts(settings: Settings) -> bool:
    return any(path.is_file() for path in (settings.home / FOLDER).rglob("*"))


def _path(settings: Settings) -> Path | None:
    uri = settings.mlflow_uri
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) and "?" not in uri else None
