"""Older commits of this checkout in folders of their own, whose code makes the stores that a test upgrades."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
# Of 24 November 2026, before any schema version: no column `alerts` in `monitoring`, no model in the ledger, no list of
# the warehouse's own tables.
WITHOUT_SCHEMA = "bf32db6120e733f53c14e8cc30876faf1cb2b1fd"
# Stands for the release before until there is one: the first commit with workers, schema versions and backups, so with
# every store and service that a release has.
BEFORE_RELEASES = "88967819d30253a018fe9f4f14d6f7347d92d615"


def release_before() -> str:
    """The tag of the newest release before this commit, or the commit that stands for one."""
    tags = _git("tag", "--merged", "HEAD", "--no-contains", "HEAD", "--list", "v*", "--sort", "-version:refname")
    return next(iter(tags.stdout.split()), BEFORE_RELEASES)


@contextmanager
def checked_out(commit: str, folder: Path) -> Iterator[Path]:
    """A clone at this commit, for as long as the block runs; skips the test where git does not have the commit."""
    if _git("cat-file", "-e", f"{commit}^{{commit}}").returncode:
        pytest.skip(f"git does not have the commit {commit} (a shallow clone, or no clone)")
    # Not a worktree, which the checkout would list after a run that was killed.
    for arguments in (["clone", "--quiet", "--shared", "--no-checkout", str(ROOT), str(folder)],
                      ["-C", str(folder), "checkout", "--quiet", "--detach", commit]):  # fmt: skip
        done = _git(*arguments)
        assert done.returncode == 0, done.stderr
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, cwd=ROOT)
