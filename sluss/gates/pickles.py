"""Files that can run code when they are loaded: pickles of every protocol, code, and both of them within archives."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickletools
import re
import tarfile
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PICKLES = {".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".pt", ".pth"}
_CODE = {".py", ".pyc", ".pyd", ".so", ".dll", ".sh"}
_PROTOCOLS = {bytes([0x80, protocol]) for protocol in range(6)}  # how a pickle of protocol 2 and later begins
_NUMPY = b"\x93NUMPY"
_OBJECTS = re.compile(rb"'descr':[^}]*[|]O")  # an array of objects, which NumPy pickles
# Opcodes that import something. Data without them is harmless, but no file of a model is written so.
_IMPORTS = {"GLOBAL", "INST", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4"}
# Compressed by methods that Python's standard library does not know.
_CLOSED = (b"\x04\x22\x4d\x18", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c", b"Rar!")
_DEEPEST = 8  # archives within archives
_LARGEST = 1 << 30  # bytes that an archive may unpack to
_HEAD = 1 << 12


def unsafe_files(folder: Path) -> list[str]:
    """Return the files below a folder that can run code when they are loaded, and links out of it, sorted.

    A file within an archive is named by the path of both: `weights.zip/data.pkl`.
    """
    found: list[str] = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found.append(f"{name} (a link)")
        elif path.is_file():
            with path.open("rb") as file:
                found += unsafe_in(file, name)
    return found


def links_in(folder: Path | None) -> list[str]:
    """Return the links in a folder, sorted by name: of the folder itself, of folders and of files."""
    if folder is None:
        return []
    found = [folder] if folder.is_symlink() else sorted(path for path in folder.rglob("*") if path.is_symlink())
    return [path.name for path in found]


def unsafe_in(file: IO[bytes], name: str, depth: int = 0) -> list[str]:
    """Return what can run code in an open file that can be searched: its own name, or those of files within it."""
    if _suffix(name) in _PICKLES | _CODE:
        return [name]
    head = file.read(_HEAD)
    file.seek(0)
    if head[:2] in _PROTOCOLS or (head.startswith(_NUMPY) and _OBJECTS.search(head)):
        return [name]
    if depth > _DEEPEST or head.startswith(_CLOSED):
        return [f"{name} (compressed in a way that cannot be looked into)"]
    try:
        return [each for one, inside in _inside(file, head) for each in unsafe_in(inside, f"{name}/{one}", depth + 1)]
    except _NotAnArchiveError:
        return [name] if is_pickle(file) else []
    except (OSError, EOFError, RuntimeError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile,
            tarfile.TarError, NotImplementedError) as error:  # fmt: skip
        return [f"{name} (it cannot be looked into: {' '.join(str(error).split())[:80]})"]


def is_pickle(file: IO[bytes]) -> bool:
    """Whether a file begins with a pickle of any protocol: opcodes up to STOP, whose stack is valid."""
    file.seek(0)
    imports, end = False, -1
    try:
        for opcode, _, place in pickletools.genops(file):
            imports |= opcode.name in _IMPORTS
            if opcode.name == "STOP":
                end = (place or 0) + 1
    except Exception:  # noqa: BLE001 - bytes that are not a pickle can raise anything
        return False
    file.seek(end)
    # A text may happen to look like opcodes; with an import, or up to the end of the file, it hardly does.
    if not imports and file.read(_HEAD).strip():
        return False
    file.seek(0)
    try:
        pickletools.dis(file, out=io.StringIO())
    except Exception:  # noqa: BLE001 - no valid stack: loading it fails, too
        return imports and _has_stop(file, end)
    return True


def _has_stop(file: IO[bytes], end: int) -> bool:
    """Whether the opcodes end a file: pickles that the standard library cannot list may still be loaded."""
    file.seek(end)
    return not file.read(_HEAD).strip()


def _suffix(name: str) -> str:
    return f".{name.rpartition('.')[2].lower()}" if "." in name.rpartition("/")[2] else ""


class _NotAnArchiveError(Exception):
    """The file holds no other files."""


def _inside(file: IO[bytes], head: bytes) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the files within an archive, by name."""
    if head.startswith(b"PK"):
        yield from _zipped(file)
    elif head[257:262] == b"ustar" or tarfile.is_tarfile(file):
        file.seek(0)
        yield from _tarred(file)
    elif opened := _decompressed(file, head):
        yield "content", opened
    else:
        raise _NotAnArchiveError


def _zipped(file: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(file) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        _refuse_bombs(sum(member.file_size for member in members))
        for member in members:
            with archive.open(member) as inside:
                yield member.filename, inside


def _tarred(file: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(fileobj=file) as archive:
        for member in archive:
            if member.issym() or member.islnk():
                raise ValueError(f"{member.name} is a link")
            if inside := archive.extractfile(member):
                _refuse_bombs(member.size)
                yield member.name, inside


def _decompressed(file: IO[bytes], head: bytes) -> IO[bytes] | None:
    file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return _measured(gzip.GzipFile(fileobj=file))
    if head.startswith(b"BZh"):
        return _measured(bz2.BZ2File(file))
    if head.startswith((b"\xfd7zXZ\x00", b"\x5d\x00\x00")):
        return _measured(lzma.LZMAFile(file))
    if head[:1] == b"\x78" and len(head) > 1 and int.from_bytes(head[:2], "big") % 31 == 0:  # zlib: RFC 1950
        return io.BytesIO(zlib.decompressobj().decompress(file.read(), _LARGEST))
    return None


def _measured(opened: io.BufferedIOBase) -> IO[bytes]:
    """Read a compressed file to its end, so that an error shows here and its size is known."""
    content = opened.read(_LARGEST + 1)
    _refuse_bombs(len(content))
    return io.BytesIO(content)


def _refuse_bombs(size: int) -> None:
    if size > _LARGEST:
        raise ValueError(f"it unpacks to more than {_LARGEST >> 30} GB")
