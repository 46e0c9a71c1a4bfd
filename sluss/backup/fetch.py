"""Bring files of a backup back: into a folder, or to a file system such as a bucket, checked by their digests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.backup.store import copied
from sluss.errors import DataError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyarrow.fs import FileSystem

    from sluss.backup.manifest import File
    from sluss.backup.store import Store

    Say = Callable[[int, int], None]


@dataclass(frozen=True)
class Target:
    """A folder, or a bucket, that files are brought to."""

    files: FileSystem
    root: str
    is_folder: bool = True

    def bring(self, store: Store, wanted: Mapping[str, File], say: Say = lambda _done, _of: None) -> None:
        """Write files at their paths below the root. Those that are there with the same content stay as they are.

        Raises:
            DataError: an object is lost or damaged.
            ServiceError: the store or the target does not answer.
        """
        for number, (path, file) in enumerate(sorted(wanted.items()), start=1):
            target = f"{self.root}/{path}"
            if not self._has(target, file):
                self._write(store, file, target)
            say(number, len(wanted))

    def _has(self, target: str, file: File) -> bool:
        from pyarrow import fs

        info = self.files.get_file_info(target)
        if info.type != fs.FileType.File or info.size != file.size:
            return False
        with self.files.open_input_stream(target) as stream:
            return copied(stream)[0] == file.sha256

    def _write(self, store: Store, file: File, target: str) -> None:
        # Under another name first, so that a restore that is killed leaves no half-written file under the right one.
        part = f"{target}.part" if self.is_folder else target
        if self.is_folder:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
        try:
            with store.reading(file.sha256) as source, self.files.open_output_stream(part) as sink:
                found, _ = copied(source, sink)
        except OSError as error:
            raise ServiceError(f"{target} cannot be written: {error}. Run the command again when it can.") from error
        if found != file.sha256:
            self.files.delete_file(part)
            raise damaged(store, file)
        if self.is_folder:
            self.files.move(part, target)


def damaged(store: Store, file: File) -> DataError:
    """The error for an object that is not what was stored."""
    return DataError(
        f"{file.path} is damaged in {store.address}: its content does not have the digest {file.sha256[:12]}. Choose "
        "another backup."
    )
