"""How Airflow's web server reads the logs of tasks: without following a link.

Tasks write the folder of the logs, so one of them may put a link there, to a file of the web server such as
`/proc/1/environ` with its keys. Airflow looks where a log leads and opens it a moment later, by its name: a link that
is put there in between is followed. Here each part of the path is opened from the part before, and none may be a link.

Airflow takes this module by its setting `logging_config_class`. It has an interface for logs that are elsewhere
(`REMOTE_TASK_LOG`), and the folder that it would read itself (`base_log_folder`) is an empty one.
"""

from __future__ import annotations

import copy
import os
import stat
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TextIO

from airflow.config_templates.airflow_local_settings import DEFAULT_LOGGING_CONFIG

if TYPE_CHECKING:
    from collections.abc import Generator

FOLDER = Path("/opt/sluss/logs")
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# Not to wait for a writer where the file is a pipe.
_FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


class LinklessLogs:
    """Reads the files of the folder that are what they seem."""

    processors = ()

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def upload(self, path: os.PathLike[str] | str, ti: object = None) -> None:
        """Leave a log where it is: the tasks write to this folder."""

    def read(self, relative_path: str, ti: object) -> tuple[list[str], list[str] | None]:
        """Return the names of the files of a task's log, and their contents."""
        sources, streams = self.stream(relative_path, ti)
        return sources, ["\n".join(lines) for lines in streams]

    def stream(self, relative_path: str, ti: object) -> tuple[list[str], list[Generator[str, None, None]]]:  # noqa: ARG002
        """Return the names of the files of a task's log, and their lines."""
        log = PurePosixPath(relative_path)
        sources: list[str] = []
        streams: list[Generator[str, None, None]] = []
        with suppress(OSError):  # there is none yet, or a link is in its place
            folder = _opened(self.folder, log.parent)
            try:
                for name in sorted(name for name in _names(folder) if name.startswith(log.name)):
                    with suppress(OSError):
                        streams.append(_lines(_regular(name, folder)))
                        sources.append(str(self.folder / log.parent / name))
            finally:
                os.close(folder)
        return sources, streams


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as found:
        return [each.name for each in found]


def _opened(folder: Path, below: PurePosixPath) -> int:
    """Open a folder below another, part by part."""
    found = os.open(folder, _FOLDER_FLAGS)
    for part in below.parts:
        try:
            if part in {"..", "/"}:
                raise PermissionError(part)
            deeper = os.open(part, _FOLDER_FLAGS, dir_fd=found)
        finally:
            os.close(found)
        found = deeper
    return found


def _regular(name: str, folder: int) -> TextIO:
    """Open a file, if it is one."""
    found = os.open(name, _FILE_FLAGS, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise PermissionError(name)
    return os.fdopen(found, encoding="utf-8", errors="replace")


def _lines(log: TextIO) -> Generator[str, None, None]:
    with log:
        for line in log:
            yield line.rstrip("\n")


LOGGING_CONFIG = copy.deepcopy(DEFAULT_LOGGING_CONFIG)
REMOTE_TASK_LOG = LinklessLogs(FOLDER)
