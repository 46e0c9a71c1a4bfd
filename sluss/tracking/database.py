"""The SQLite file of MLflow in the embedded mode, from its beginning.

MLflow creates its tables by dozens of migrations, each of which SQLite commits for itself. A process that is stopped in
between leaves a file that no later one can finish. So a new file is made under another name, and appears when it is
whole.
"""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.errors import ServiceError
from sluss.tracking.moved_home import FOLDER
from sluss.tracking.sqlite_error import SQLITE, unfinished

if TYPE_CHECKING:
    from sluss.config.settings import Settings

_IN_PROGRESS = ".mlflow-"
_MOVED: dict[str, Path] = {}  # files that this process has moved away, with their new place


def begin(settings: Settings) -> int | None:
    """Make MLflow's file with all its tables if there is none, and return its inode; None without a file.

    Of two processes at once, the first one's file stays.
    """
    path = _path(settings)
    if path is None:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    # Where nothing can be written, MLflow's own attempt gives the error.
    if not (path.exists() and path.stat().st_size) and os.access(path.parent, os.W_OK):
        _make(path)
    return path.stat().st_ino if path.exists() else None


def _make(path: Path) -> None:
    import mlflow

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


def moved_away(settings: Settings, error: Exception, inode: int | None) -> ServiceError | None:
    """Move away a file whose beginning was broken off, as earlier releases left it, if no run has left an artifact.

    Return the sentence on that; None where the file stays. MLflow keeps the connection of its first attempt, so only
    another process begins anew, and this one moves nothing more.

    Args:
        settings: where the file is.
        error: that MLflow raised when it opened the file.
        inode: of that file. Of two processes, the second must not move away what the first has made since.
    """
    path = _path(settings)
    if path is None or inode is None or not unfinished(error) or _has_artifacts(settings):
        return None
    if str(path) not in _MOVED:
        _MOVED[str(path)] = aside = path.with_name(f"{path.name}.unfinished-{inode}")
        with suppress(FileNotFoundError):
            if path.stat().st_ino == inode:
                path.rename(aside)
    return ServiceError(
        f"MLflow's database {path} was never finished, and no run had come into it. It is kept as {_MOVED[str(path)]}, "
        "and the next command begins a new one: run this again."
    )


def _has_artifacts(settings: Settings) -> bool:
    return any(path.is_file() for path in (settings.home / FOLDER).rglob("*"))


def _path(settings: Settings) -> Path | None:
    uri = settings.mlflow_uri
    return Path(uri.removeprefix(SQLITE)) if uri.startswith(SQLITE) and not re.search(r"\?|:memory:", uri) else None
