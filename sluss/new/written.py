"""Write a use case's file, and leave it alone once a person has edited it."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal

from sluss.config.yaml_file import read_yaml
from sluss.errors import ConfigError
from sluss.profiling.database import database_and_table, is_postgres

if TYPE_CHECKING:
    from pathlib import Path

Outcome = Literal["written", "unchanged", "kept"]

_MARK = re.compile(r"\n# sluss new: ([0-9a-f]{16})[^\n]*\n\Z")
_LENGTH = 16


def write(path: Path, text: str) -> Outcome:
    """Write the text unless the file was edited, or is a person's own, since it was last written here.

    Raises:
        ConfigError: the folder cannot be written.
    """
    marked = f"{text}\n# sluss new: {_digest(text)} (its digest of the lines above: if you edit them, they stay)\n"
    try:
        if path.exists():
            known = path.read_text(encoding="utf-8")
            if known == marked:
                return "unchanged"
            if not _is_as_written(known):
                return "kept"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(marked, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}. Make its folder writable.") from None
    return "written"


def check_same_table(path: Path, data: str) -> None:
    """Refuse a name that a use case with other rows has: its champion would get a successor by accident.

    Raises:
        ConfigError: the file exists, and its source is another table, or it cannot be read.
    """
    if not path.exists():
        return
    content = read_yaml(path)
    source = content.get("source") if isinstance(content, dict) else None
    named = (source.get("table") or source.get("path")) if isinstance(source, dict) else None
    given = database_and_table(data)[1] if is_postgres(data) else data
    if isinstance(named, str) and _last(named) == _last(given):
        return
    rows = f"the rows of {named}" if named else "a source of its own"
    raise ConfigError(
        f"The use case {path.stem} exists already, and has {rows} (see {path}). Choose another NAME; or delete "
        "that file, if its use case is not needed any more."
    )


def _last(place: str) -> str:
    """The name of a file, a folder or a table: files may be moved, and tables have schemas."""
    return re.split(r"[/\\]", place.rstrip("/\\"))[-1].removeprefix("public.")


def is_kept(path: Path) -> bool:
    """Whether there is a file that a person has edited, or written."""
    return path.is_file() and not _is_as_written(path.read_text(encoding="utf-8"))


def _is_as_written(text: str) -> bool:
    found = _MARK.search(text)
    return found is not None and _digest(text[: found.start()]) == found[1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
