"""A checkout without git, or of another user, and a home that cannot be written."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from commands.reproduce import uv_cache
from sluss.backup.retention import check_clock
from sluss.errors import ConfigError
from sluss.stack.git import git
from sluss.stack.user_folders import can_be_made, user_cache, user_home_is_writable

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(tmp_path) -> Path:
    folder = tmp_path / "größe 1"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b.org", "commit", "-qm", "a"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def test_an_archive_that_was_unpacked_in_another_repository_has_no_commit(repository):
    inside = repository / "sluss"
    inside.mkdir()
    assert git(repository, "rev-parse", "HEAD")
    assert git(inside, "rev-parse", "HEAD") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_checkout_of_another_user_has_its_commit(repository, monkeypatch):
    monkeypatch.setenv("HOME", str(repository.parent))  # no exceptions of this user's
    for path in (repository, *repository.rglob("*")):
        shutil.chown(path, 12345)
    refused = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True, check=False)
    assert b"dubious ownership" in refused.stderr
    assert len(git(repository, "rev-parse", "HEAD").strip()) == 40


def test_without_git_there_is_no_commit(repository, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert git(repository, "rev-parse", "HEAD") is None


def test_a_home_that_cannot_be_written_gets_a_cache_elsewhere(tmp_path, monkeypatch):
    for name in ("UV_CACHE_DIR", "UV_NO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert (user_home_is_writable(), uv_cache()) == (True, {})
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setenv("SLUSS_HOME", str(tmp_path / "home"))
    assert (user_home_is_writable(), user_cache()) == (False, tmp_path / "file" / ".cache")
    assert uv_cache() == {"UV_CACHE_DIR": str(tmp_path / "home" / "cache" / "uv")}
    assert not can_be_made(tmp_path / "file" / "a" / "b")


def test_a_wrong_clock_deletes_no_backup():
    names, before = ["2026-01-05T03-00-00Z", "2026-01-06T03-00-00Z"], datetime(2026, 1, 5, 3, 1, tzinfo=UTC)
    check_clock(names, datetime(2026, 1, 6, 2, 58, tzinfo=UTC))
    with pytest.raises(ConfigError, match="The backup 2026-01-06T03-00-00Z is dated in the future"):
        check_clock(names, before)
