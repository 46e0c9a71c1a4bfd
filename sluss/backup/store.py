"""The place of backups, a folder or a prefix on S3.

`objects/` holds each content once, named by its SHA-256, and `backups/` a manifest for each backup. A file that has not
changed since the last backup is neither read nor stored again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from sluss.backup.manifest import Manifest, from_json, moment
from sluss.config.s3_account import S3Account
from sluss.config.settings import ADDRESS
from sluss.errors import ConfigError, DataError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyarrow import NativeFile
    from pyarrow.fs import FileInfo, FileSystem

_CHUNK = 1 << 20  # bytes
S3 = "s3://"
# An object that no manifest names may be one of a backup that is being made.
_UNNAMED_FOR = timedelta(days=1)


class Readable(Protocol):
    """A stream of bytes to read: a file of Python's or of pyarrow's."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, none at the end."""


class Writable(Protocol):
    """A stream of bytes to write."""

    def write(self, data: bytes, /) -> object:
        """Write all bytes of `data`."""


@dataclass(frozen=True)
class Store:
    """Backups at an address."""

    address: str
    files: FileSystem
    root: str

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return not self.address.startswith(S3)

    def names(self) -> list[str]:
        """The names of all whole backups, the oldest first."""
        found = (Path(info.path).name for info in listed(self.files, f"{self.root}/backups"))
        return sorted(name.removesuffix(".json") for name in found if _is_name(name.removesuffix(".json")))

    def manifest(self, name: str) -> Manifest:
        """The manifest of a backup.

        Raises:
            DataError: there is no such backup, or its manifest is damaged.
        """
        with self._answers():
            try:
                with self.files.open_input_stream(self._manifest(name)) as stream:
                    text = stream.read().decode()
            except FileNotFoundError:
                known = self.names()
                there = f"The newest there is {known[-1]}" if known else "There is none"
                raise DataError(f"{self.address} has no backup {name}. {there}.") from None
        return from_json(text, f"The backup {name} in {self.address}")

    def newest(self) -> Manifest:
        """The newest whole backup.

        Raises:
            DataError: there is none.
        """
        names = self.names()
        if not names:
            raise DataError(f"{self.address} holds no backup. Make one: make backup TO={self.address}.")
        return self.manifest(names[-1])

    def objects(self) -> dict[str, datetime]:
        """Every object by its digest, with the time of its writing."""
        with self._answers():
            infos = listed(self.files, f"{self.root}/objects")
        return {Path(info.path).name: info.mtime or datetime.now(UTC) for info in infos}

    def put(self, source: BinaryIO | NativeFile, known: set[str], scratch: Path) -> tuple[str, int]:
        """Store a stream's content, unless it is there, and return its digest and size."""
        with tempfile.NamedTemporaryFile(dir=scratch, delete=False) as file:
            spool = Path(file.name)
            try:
                name, size = copied(source, file)
                file.flush()
                if name not in known:
                    self._keep(spool, name)
                    known.add(name)
            finally:
                spool.unlink(missing_ok=True)
        return name, size

    def _keep(self, spool: Path, name: str) -> None:
        target = self.path_of(name)
        with self._answers():
            self.files.create_dir(str(Path(target).parent), recursive=True) if self.is_local else None
            if self.is_local and spool.stat().st_dev == Path(target).parent.stat().st_dev:
                spool.chmod(0o600)
                spool.replace(target)  # atomic: an object is whole or not there
                return
            self._write(target, spool)

    def _write(self, target: str, spool: Path) -> None:
        with spool.open("rb") as source, self.files.open_output_stream(target) as sink:
            shutil.copyfileobj(source, sink, _CHUNK)

    def path_of(self, digest: str) -> str:
        """The path of an object in `files`."""
        return f"{self.root}/objects/{digest[:2]}/{digest}"

    @contextmanager
    def reading(self, digest: str) -> Iterator[NativeFile]:
        """Open an object.

        Raises:
            DataError: it is gone.
        """
        with self._answers():
            try:
                stream = self.files.open_input_stream(self.path_of(digest))
            except FileNotFoundError:
                raise DataError(
                    f"{self.address} lacks the object {digest[:12]}, so a file of this backup is lost. Choose another "
                    "backup."
                ) from None
            with stream:
                yield stream

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, which makes the backup a whole one."""
        target, text = self._manifest(manifest.name), manifest.as_json().encode()
        with self._answers():
            if self.is_local:
                os.sync()  # the objects before the manifest that vouches for them
                path = Path(target)
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_suffix(".part")
                part.write_bytes(text)
                part.replace(path)
                os.sync()
                return
            with self.files.open_output_stream(target) as sink:
                sink.write(text)

    def forget(self, names: Iterable[str]) -> int:
        """Delete backups, then the objects that no other one needs; return the number of objects."""
        with self._answers():
            for name in names:
                self.files.delete_file(self._manifest(name))
            needed = {file.sha256 for name in self.names() for file in self.manifest(name).files}
            before = datetime.now(UTC) - _UNNAMED_FOR
            spare = [name for name, at in self.objects().items() if name not in needed and at < before]
            for name in spare:
                self.files.delete_file(self.path_of(name))
        return len(spare)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other backups of this machine out of a folder while the block runs.

        Raises:
            ConfigError: another one is being made.
        """
        if not self.is_local:
            yield
            return
        with self._answers():
            Path(self.root).mkdir(parents=True, exist_ok=True)
            lock = (Path(self.root) / "lock").open("w", encoding="utf-8")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConfigError(f"Another backup to {self.address} is being made. Wait until it has ended.") from None
            yield

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for files on their way: in the store itself, so that they only have to be renamed there."""
        # On S3, the machine's temporary folder.
        parent = Path(self.root) if self.is_local else None
        with self._answers():
            if parent:
                for left in parent.glob("part-*"):  # of a backup that was killed; `alone` proves that none runs
                    shutil.rmtree(left, ignore_errors=True)
            folder = tempfile.TemporaryDirectory(dir=parent, prefix="part-", ignore_cleanup_errors=True)
        with folder as name:
            yield Path(name)

    def _manifest(self, name: str) -> str:
        return f"{self.root}/backups/{name}.json"

    @contextmanager
    def _answers(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ServiceError(
                f"The backups at {self.address} cannot be read or written: {_reason(error)}. "
                + (
                    "Check the folder, its rights and the room on its disk."
                    if self.is_local
                    else "Check the bucket, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
                )
            ) from error


def open_store(address: str, variable: str = "TO") -> Store:
    """Return the store at a folder's path or at `s3://bucket/prefix`, whether there are backups yet or not.

    Args:
        address: of the store.
        variable: from which the address was read, for messages.

    Raises:
        ConfigError: the address is neither.
    """
    from pyarrow import fs

    if not address:
        raise ConfigError(f"Name the place of the backups: {variable}=folder, or {variable}=s3://bucket/prefix.")
    if address.startswith(S3):
        root = address.removeprefix(S3).strip("/")
        if "/" not in root:
            raise ConfigError(
                f"{address} names {'a bucket alone' if root else 'no bucket'}. Give both a bucket and a prefix: "
                f"{variable}={S3}{root or 'bucket'}/sluss."
            )
        account = S3Account(
            os.environ.get("AWS_ENDPOINT_URL") or None,
            os.environ.get("AWS_ACCESS_KEY_ID") or None,
            os.environ.get("AWS_SECRET_ACCESS_KEY") or None,
            os.environ.get("AWS_REGION") or "us-east-1",
        )
        return Store(address.rstrip("/"), account.filesystem(), root)
    if ADDRESS.match(address):
        raise ConfigError(f"{address} is neither a folder nor s3://bucket/prefix. Correct {variable}.")
    path = Path(address).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise ConfigError(f"{path} is not a folder. Name another place for the backups.")
    return Store(str(path), fs.LocalFileSystem(), str(path))


def copied(source: Readable, sink: Writable | None = None) -> tuple[str, int]:
    """Read a stream in pieces, write them to another one, if there is one, and return their SHA-256 and size."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if sink is not None:
            sink.write(chunk)
    return digest.hexdigest(), size


def listed(files: FileSystem, folder: str) -> list[FileInfo]:
    """All files below a folder, at any depth; none if it does not exist."""
    from pyarrow import fs

    found = files.get_file_info(fs.FileSelector(folder, allow_not_found=True, recursive=True))
    return [info for info in found if info.type == fs.FileType.File]


def _is_name(text: str) -> bool:
    try:
        moment(text)
    except ValueError:
        return False
    return True


def _reason(error: OSError) -> str:
    return error.strerror or " ".join(str(error).split())[:200]
