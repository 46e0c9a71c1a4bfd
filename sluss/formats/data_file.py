"""A file of rows: where it is, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4"}
SUFFIXES = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".tab": "csv", ".parquet": "parquet", ".pq": "parquet",
    ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow", ".jsonl": "json", ".ndjson": "json", ".json": "json",
    ".xlsx": "excel", ".xlsm": "excel",
}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """How files are written, as far as they do not show it themselves."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class DataFile:
    """One file of a file system."""

    system: FileSystem
    path: str
    size: int
    changed: int | None = None  # nanoseconds since 1970, where the file system knows it

    def __str__(self) -> str:
        return self.path

    @property
    def format(self) -> str | None:
        """The format by the file's name; None where the name shows none."""
        suffixes = [suffix.lower() for suffix in PurePosixPath(self.path).suffixes]
        if suffixes and suffixes[-1] in COMPRESSED:
            suffixes.pop()
        return SUFFIXES.get(suffixes[-1]) if suffixes else None

    def open(self) -> IO[bytes]:
        """Its content, decompressed."""
        suffix = PurePosixPath(self.path).suffix.lower()
        return self.system.open_input_stream(self.path, compression=COMPRESSED.get(suffix))  # type: ignore[no-any-return]
