"""Write a use case's file, and leave it alone once a person has edited it."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal

from sluss.errors import ConfigError

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


def is_kept(path: Path) -> bool:
    """Whether there is a file that a person has edited, or written."""
    return path.is_file() and not _is_as_written(path.read_text(encoding="utf-8"))


def _is_as_written(text: str) -> bool:
    found = _MARK.search(text)
    return found is not None and _digest(text[: found.start()]) == found[1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
