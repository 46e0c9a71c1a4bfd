"""Delete files that nobody has written to for some time."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

_DAY = 86_400  # seconds


def remove_old_files(folder: Path, days: float) -> int:
    """Delete the files below a folder that were last written more than some days ago, and the folders left empty.

    Links are neither followed nor deleted. What someone else deletes meanwhile is no error.

    Returns:
        How many files were deleted.
    """
    oldest, removed = time.time() - days * _DAY, 0
    for parent, _, files in os.walk(folder):
        for path in (Path(parent) / name for name in files):
            with suppress(FileNotFoundError):
                if not path.is_symlink() and path.stat().st_mtime < oldest:
                    path.unlink()
                    removed += 1
                    _remove_empty(path.parent, folder)
    return removed


def _remove_empty(folder: Path, root: Path) -> None:
    """Delete a folder and those above it, below the root, as long as they are empty."""
    with suppress(OSError):  # not empty, or someone else was faster
        while folder != root:
            folder.rmdir()
            folder = folder.parent
