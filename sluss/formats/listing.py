"""The files that a path names: one, those of a folder, or those of a glob."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.formats.data_file import DataFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyarrow.fs import FileSystem

_GLOB = frozenset("*?[")


def listed(system: FileSystem, path: str, *, any_name: bool = False) -> Iterator[DataFile]:
    """The files that there are now. Of a folder those are meant whose names show a format, or all of `any_name`.

    Raises:
        OSError: the file system does not answer.
    """
    from pyarrow import fs

    base, pattern = _split(path)
    info = system.get_file_info(base)
    if info.type == fs.FileType.File:
        yield DataFile(system, base, info.size, info.mtime_ns)
        return
    if info.type == fs.FileType.NotFound:
        return
    for each in system.get_file_info(fs.FileSelector(base, recursive=True)):
        if each.type == fs.FileType.File and _is_meant(each.path, pattern, any_name=any_name):
            yield DataFile(system, each.path, each.size, each.mtime_ns)


def _is_meant(path: str, pattern: str | None, *, any_name: bool) -> bool:
    if Path(path).name.startswith((".", "_")):
        return False
    if pattern is not None:
        return fnmatch.fnmatchcase(path, pattern)
    return any_name or DataFile(None, path, 0).format is not None


def _split(path: str) -> tuple[str, str | None]:
    """The folder to list, and the pattern that the paths below it must match."""
    parts = path.split("/")
    plain = next((number for number, part in enumerate(parts) if _GLOB & set(part)), None)
    return (path, None) if plain is None else ("/".join(parts[:plain]), path)
