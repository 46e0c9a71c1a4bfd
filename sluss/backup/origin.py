"""The files of a place: where they lie, and which of them make up the state at one moment."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sluss.backup.manifest import Table
from sluss.backup.store import listed
from sluss.errors import ServiceError
from sluss.storage.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from deltalake import DeltaTable
    from pyarrow.fs import FileInfo, FileSystem

    from sluss.config.settings import Settings

LOG = "_delta_log"
_COMMIT = re.compile(r"(\d{20})\.")
# A hint at the newest checkpoint, which may be one of after that moment. Readers do without it, and the next write
# makes it anew.
_HINT = "_last_checkpoint"
# Compiled code, editors' files, what object stores write before they give it its name, and the notes of which tables a
# use case has had.
_PASSING = re.compile(r"(^|/)(__pycache__/.*|\.tables/.*|\.[^/]*|[^/]*#\d*|[^/]*~)$")


@dataclass(frozen=True)
class Origin:
    """A folder or bucket whose files are a part of the place, and the folder of the backup that holds them."""

    part: str
    files: FileSystem
    root: str
    is_bucket: bool = False

    def listed(self) -> dict[str, FileInfo]:
        """Its files by their paths from the root."""
        found = {str(PurePosixPath(info.path).relative_to(self.root)): info for info in listed(self.files, self.root)}
        return {path: info for path, info in found.items() if not _PASSING.search(path)}


@dataclass(frozen=True)
class Snapshot:
    """The lake at the pinned version of each table."""

    settings: Settings
    pins: Mapping[str, int]
    needed: set[str] = field(default_factory=set)  # data files without which a table cannot be read at its version

    def tables(self) -> dict[str, Table]:
        """Each table with its rows, by use case and name; notes the files that it needs."""
        return {name: self._table(name, version) for name, version in self.pins.items()}

    def _table(self, name: str, version: int) -> Table:
        import pyarrow as pa

        log = pa.table(self._opened(name, version).get_add_actions(flatten=True))
        self.needed.update(f"{name}/{unquote(path)}" for path in log["path"].to_pylist())
        return Table(version, sum(rows or 0 for rows in log["num_records"].to_pylist()))

    def _opened(self, name: str, version: int) -> DeltaTable:
        """Open a table at its version.

        Raises:
            DataError: its log is damaged.
        """
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        try:
            address = f"{self.settings.lake}/{name}"
            return DeltaTable(address, version=version, storage_options=self.settings.lake_options)
        except DeltaError as error:
            use_case, _, table = name.partition("/")
            Lake(self.settings, use_case).table(table)  # raises the sentence for a log that is damaged
            raise ServiceError(
                f"The table {address} was changed while the backup was made. No backup was written; make it again."
            ) from error

    def holds(self, path: str) -> bool:
        """Whether a file of the lake belongs to this moment: commits that came later do not."""
        parts = PurePosixPath(path).parts
        if LOG not in parts:
            return True
        table = "/".join(parts[: parts.index(LOG)])
        commit = _COMMIT.match(parts[-1])
        return parts[-1] != _HINT and (commit is None or int(commit[1]) <= self.pins.get(table, -1))

    def is_needed(self, path: str) -> bool:
        """Whether the table at its version lacks rows without this file."""
        return LOG in PurePosixPath(path).parts or unquote(path) in self.needed


def lake_of(settings: Settings) -> Origin:
    """The lake, a folder or a bucket."""
    if settings.lake.startswith("s3://"):
        return Origin("lake", settings.s3_account.filesystem(), settings.lake.removeprefix("s3://"), is_bucket=True)
    return folder("lake", Path(settings.lake))


def folder(part: str, path: Path) -> Origin:
    """A folder of this machine."""
    from pyarrow import fs

    return Origin(part, fs.LocalFileSystem(), str(path.absolute()))


def pins(lake: Origin) -> dict[str, int]:
    """The newest version of every Delta table, by use case and name.

    Raises:
        ServiceError: the lake does not answer.
    """
    found: dict[str, int] = {}
    try:
        for name in _tables(lake):
            commits = (_COMMIT.match(info.base_name) for info in listed(lake.files, f"{lake.root}/{name}/{LOG}"))
            if numbers := [int(commit[1]) for commit in commits if commit]:
                found[name] = max(numbers)
    except OSError as error:
        raise ServiceError(f"The lake at {lake.root} cannot be listed: {error}. Check that it is reachable.") from error
    return found


def _tables(lake: Origin) -> Iterator[str]:
    """Tables lie one level below the use cases."""
    for use_case in _folders(lake, lake.root):
        for table in _folders(lake, f"{lake.root}/{use_case}"):
            yield f"{use_case}/{table}"


def _folders(lake: Origin, path: str) -> list[str]:
    from pyarrow import fs

    found = lake.files.get_file_info(fs.FileSelector(path, allow_not_found=True))
    return sorted(info.base_name for info in found if info.type == fs.FileType.Directory)
