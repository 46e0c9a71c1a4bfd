"""A release: one version in all files, a section in CHANGELOG, a commit and a tag."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sluss import VERSION
from sluss.config.settings import ROOT

sys.path.insert(0, str(ROOT / "scripts" / "dev"))

import release


def git(root, *arguments):
    command = ["git", "-c", "user.name=ann", "-c", "user.email=ann@example.org", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    for name in (*release.PLACES, "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "ann")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ann@example.org")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "Start")
    return tmp_path


def test_all_files_name_one_version():
    assert release.current(ROOT) == VERSION


def test_a_release_is_a_commit_and_a_tag(checkout, monkeypatch):
    monkeypatch.setenv("VERSION", "7.8.9")
    assert release.main(checkout) == 0
    assert release.current(checkout) == "7.8.9"
    assert git(checkout, "tag").split() == ["v7.8.9"]
    assert git(checkout, "status", "--porcelain") == ""
    changelog = (checkout / "CHANGELOG.md").read_text(encoding="utf-8")
    assert changelog.index("## [Unreleased]") < changelog.index("## [7.8.9] - ") < changelog.index("### Added")


@pytest.mark.parametrize(
    ("version", "sentence"), [("abc", "is not a version"), ("", "is not a version"), ("0.0.1", "is not above")]
)
def test_what_is_no_new_version_is_refused(checkout, monkeypatch, capsys, version, sentence):
    monkeypatch.setenv("VERSION", version)
    assert release.main(checkout) == 2
    assert sentence in capsys.readouterr().err
    assert git(checkout, "tag") == ""


def test_a_version_is_released_once_and_only_with_a_description(checkout, monkeypatch, capsys):
    monkeypatch.setenv("VERSION", "7.8.9")
    release.main(checkout)
    assert release.main(checkout) == 2
    assert "is not above" in capsys.readouterr().err
    monkeypatch.setenv("VERSION", "8.0.0")
    assert release.main(checkout) == 2
    assert "nothing under Unreleased" in capsys.readouterr().err


def test_changes_that_are_not_committed_are_not_released(checkout, monkeypatch, capsys):
    (checkout / "CHANGELOG.md").write_text("changed", encoding="utf-8")
    monkeypatch.setenv("VERSION", "7.8.9")
    assert release.main(checkout) == 2
    assert "not committed" in capsys.readouterr().err
