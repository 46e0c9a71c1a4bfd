"""Folders of the checkout that containers mount: the user of the containers has to be able to read them."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.stack import env_file
from sluss.stack.error import StackError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_MOUNT = re.compile(r"^\s+- \./([\w./-]+):", re.MULTILINE)
_FOLDERS = ("SLUSS_CONFIG_DIR", "SLUSS_DATA_DIR")
_REMADE = {"__pycache__"}  # each Python has its own, and makes it anew


def folders(values: Mapping[str, str]) -> list[Path]:
    """The folders and files of the checkout that the compose file mounts."""
    text = (env_file.ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    named = {*_MOUNT.findall(text), *(values[name] for name in _FOLDERS if values.get(name))}
    return sorted(env_file.ROOT / name for name in named)


def check(paths: Iterable[Path]) -> None:
    """Refuse what another user cannot read, as after `umask 077`: each task would fail with "Permission denied".

    Raises:
        StackError: it names the first file and the command that opens all of them.
    """
    shut = [path for top in paths if top.exists() for path in _all(top) if not _is_open(path)]
    if shut:
        tops = sorted({str(path.relative_to(env_file.ROOT).parts[0]) for path in shut if _is_ours(path)})
        cure = f"chmod -R go+rX {' '.join(tops)}" if tops else f"chmod go+rX {shut[0]}"
        raise StackError(
            f"{counted(len(shut), 'file')} that the containers mount cannot be read by their user, such as {shut[0]}: "
            f"open them with '{cure}'."
        )


def _all(top: Path) -> Iterator[Path]:
    yield top
    for folder, inner, files in os.walk(top):
        inner[:] = [name for name in inner if name not in _REMADE]
        yield from (Path(folder, name) for name in (*inner, *files))


def _is_open(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:  # a link to nothing
        return True
    return bool(mode & stat.S_IROTH) and bool(not stat.S_ISDIR(mode) or mode & stat.S_IXOTH)


def _is_ours(path: Path) -> bool:
    return path.is_relative_to(env_file.ROOT)
