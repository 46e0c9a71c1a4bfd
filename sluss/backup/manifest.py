"""The manifest of a backup: each of its files with size and digest, and the state of the tables that they make up."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sluss.errors import DataError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class File:
    """A file of a backup: its path in the place, its content, and the stamp by which a later backup knows it again."""

    path: str
    size: int
    sha256: str
    stamp: str = ""  # size and time of the last change at the origin


@dataclass(frozen=True, slots=True)
class Table:
    """A Delta table at the version that the backup holds."""

    version: int
    rows: int


@dataclass(frozen=True)
class Manifest:
    """A whole backup. It is written after all of its files, so a backup that was broken off has none."""

    name: str
    place: str  # "embedded" or "stack"
    sluss: str
    schema: int
    commit: str
    files: tuple[File, ...]
    tables: dict[str, Table] = field(default_factory=dict)  # by use case and name: "sentiment/curated"
    images: dict[str, str] = field(default_factory=dict)  # of the stack: name and digest
    left_out: tuple[str, ...] = ()

    @property
    def at(self) -> datetime:
        """The moment at which it began."""
        return moment(self.name)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def part(self, folder: str) -> dict[str, File]:
        """The files below a folder, by their paths from there."""
        prefix = f"{folder}/"
        return {file.path.removeprefix(prefix): file for file in self.files if file.path.startswith(prefix)}

    def as_json(self) -> str:
        """The content of `manifest.json`."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1)


def new_name(now: datetime) -> str:
    """The name of a backup that begins now; names sort by time."""
    return f"{now.astimezone(UTC):%Y-%m-%dT%H-%M-%SZ}"


def moment(name: str) -> datetime:
    """The moment that a backup is named after.

    Raises:
        ValueError: the text is not the name of a backup.
    """
    return datetime.strptime(name, "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC)


def from_json(text: str, where: str) -> Manifest:
    """Read a manifest.

    Raises:
        DataError: it is damaged, or of a newer Sluss.
    """
    try:
        found: dict[str, Any] = json.loads(text)
        written = found.pop("format")
        if written > FORMAT:
            raise DataError(f"{where} was written by a newer Sluss (format {written}): update Sluss, then try again.")
        found["files"] = tuple(File(**each) for each in found["files"])
        found["tables"] = {name: Table(**each) for name, each in found["tables"].items()}
        found["left_out"] = tuple(found["left_out"])
        return Manifest(**found)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{where} is damaged ({error}). Choose another backup of that place.") from error
