"""Make a release: one version in every file that names it, a section in CHANGELOG, a commit and a tag.

`make release VERSION=0.2.0`. It pushes nothing.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The file, and what stands around the version there.
PLACES = {
    "pyproject.toml": ('\nversion = "', '"'),
    "sluss/__init__.py": ('\nVERSION = "', '"'),
    "docker-compose.yml": ("{SLUSS_VERSION:-", "}"),
}
UNRELEASED = "## [Unreleased]\n"


class ReleaseError(Exception):
    """The sentence names what has to be done first."""


def current(root: Path) -> str:
    """The version that all files agree on.

    Raises:
        ReleaseError: they do not agree.
    """
    found = {name: set(_pattern(*around).findall((root / name).read_text("utf-8"))) for name, around in PLACES.items()}
    versions = set().union(*found.values())
    if len(versions) != 1 or not all(found.values()):
        raise ReleaseError(f"The files name different versions: {found}. Make them agree first.")
    return str(versions.pop())


def _pattern(before: str, after: str) -> re.Pattern[str]:
    return re.compile(rf"(?<={re.escape(before)})\d+\.\d+\.\d+(?={re.escape(after)})")


def write(root: Path, version: str, day: str) -> list[str]:
    """Write the version into every file, and give CHANGELOG its section; return the files."""
    for name, around in PLACES.items():
        path = root / name
        path.write_text(_pattern(*around).sub(version, path.read_text("utf-8")), encoding="utf-8")
    path = root / "CHANGELOG.md"
    text = path.read_text("utf-8").replace(UNRELEASED, f"{UNRELEASED}\n## [{version}] - {day}\n", 1)
    path.write_text(text, encoding="utf-8")
    return [*PLACES, "CHANGELOG.md"]


def check(root: Path, version: str) -> None:
    """Check that this version can be released.

    Raises:
        ReleaseError: it cannot.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ReleaseError(f"VERSION={version} is not a version: make release VERSION=0.2.0.")
    tags = _git(root, "tag", "--list", "v*").split()
    newest = max((_numbers(tag[1:]) for tag in tags), default=(-1,))
    if _numbers(version) <= newest or _numbers(version) < _numbers(current(root)):
        raise ReleaseError(f"{version} is not above what was released ({', '.join(tags) or current(root)}).")
    if _git(root, "status", "--porcelain"):
        raise ReleaseError("There are changes that are not committed: commit them first.")
    section = (root / "CHANGELOG.md").read_text("utf-8").partition(UNRELEASED)[2].partition("\n## [")[0]
    if not section.strip():
        raise ReleaseError("CHANGELOG.md has nothing under Unreleased: describe the release there first.")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if re.fullmatch(r"\d+(\.\d+)*", version) else (-1,)


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout


def main(root: Path = ROOT) -> int:
    """Release VERSION; a sentence and exit code 2 if it cannot be released."""
    version = os.environ.get("VERSION", "")
    try:
        check(root, version)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 2
    files = write(root, version, f"{datetime.now(UTC):%Y-%m-%d}")
    _git(root, "commit", "--message", f"Release {version}", "--", *files)
    _git(root, "tag", "--annotate", f"v{version}", "--message", f"Sluss {version}")
    print(f"Released {version}: a commit and the tag v{version}. Publish them with: git push --follow-tags")
    return 0


if __name__ == "__main__":
    sys.exit(main())
