"""The tables that a use case has had: an empty file for each of them next to the tables, so that a lost one is noticed.

A table that was deleted looks like one that was never written. The file `.tables/<name>` shows the difference, and
`.tables/<name>.anew` that the table was begun anew after that.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyarrow.fs import FileSystem

    from sluss.config.settings import Settings

_FOLDER, _ANEW = ".tables", ".anew"


@dataclass(frozen=True)
class KnownTables:
    """The tables of one use case that were written at some time."""

    settings: Settings
    use_case: str

    def note(self, table: str, *, created: bool) -> None:
        """Note a table that was written; a lake that cannot be written to does not undo that.

        `created`: it did not exist before. If it is known all the same, it had been lost.
        """
        with suppress(OSError):
            names = [table, f"{table}{_ANEW}"] if created and self.has(table) else [table]
            filesystem, folder = self._place()
            if not self.settings.lake_options:  # a bucket has no folders
                filesystem.create_dir(folder)
            for name in names:
                filesystem.open_output_stream(f"{folder}/{name}").close()

    def has(self, table: str) -> bool:
        """Whether the table was written at some time; False if the lake does not answer, which other reads report."""
        from pyarrow.fs import FileType

        with suppress(OSError):
            filesystem, folder = self._place()
            return bool(filesystem.get_file_info(f"{folder}/{table}").type == FileType.File)
        return False

    def has_files(self, table: str) -> bool:
        """Whether its folder holds Parquet files."""
        from pyarrow.fs import FileSelector

        with suppress(OSError):
            filesystem, folder = self._place()
            where = f"{folder.removesuffix(_FOLDER)}{table}"
            found = filesystem.get_file_info(FileSelector(where, allow_not_found=True, recursive=True))
            return any(each.path.endswith(".parquet") for each in found)
        return False

    def names(self) -> set[str]:
        """Return the names of all tables that were written at some time."""
        return {name for name in self._listed() if not name.endswith(_ANEW)}

    def without_log(self) -> set[str]:
        """Return the names of those that have no log now, by one look that no open table answers."""
        from pyarrow.fs import FileType

        with suppress(OSError):
            filesystem, folder = self._place()
            names = sorted(self.names())
            logs = [f"{folder.removesuffix(_FOLDER)}{name}/_delta_log" for name in names]
            found = filesystem.get_file_info(logs)
            return {name for name, log in zip(names, found, strict=True) if log.type == FileType.NotFound}
        return set()

    def begun_anew(self) -> set[str]:
        """Return the names of those that were lost and begun anew, and whose loss no person has accepted yet."""
        return {name.removesuffix(_ANEW) for name in self._listed() if name.endswith(_ANEW)}

    def accept(self, gone: Iterable[str]) -> None:
        """Forget the tables that are gone, and that others were begun anew."""
        filesystem, folder = self._place()
        for name in (*gone, *(f"{table}{_ANEW}" for table in self.begun_anew())):
            filesystem.delete_file(f"{folder}/{name}")

    def _listed(self) -> list[str]:
        from pyarrow.fs import FileSelector

        with suppress(OSError):
            filesystem, folder = self._place()
            found = filesystem.get_file_info(FileSelector(folder, allow_not_found=True))
            return [str(each.base_name) for each in found]
        return []

    def _place(self) -> tuple[FileSystem, str]:
        from pyarrow import fs

        folder = f"{self.settings.lake}/{self.use_case}/{_FOLDER}"
        if folder.startswith("s3://"):
            return self.settings.s3_account.filesystem(), folder.removeprefix("s3://")
        return fs.LocalFileSystem(), folder
