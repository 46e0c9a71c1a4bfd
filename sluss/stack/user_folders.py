"""Folders of the user who runs a command, which may be missing or read-only. Standard library only."""

from __future__ import annotations

import os
from pathlib import Path


def user_cache() -> Path:
    """Return the folder for caches."""
    return Path(os.environ.get("XDG_CACHE_HOME") or _home() / ".cache")


def user_home_is_writable() -> bool:
    """Whether programs can keep their files in the user's home."""
    return can_be_made(_home() / ".local" / "share")


def can_be_made(folder: Path) -> bool:
    """Whether a folder can be written, or made with those above it that are missing."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a user without a name and without HOME
        return Path("/nonexistent")
