"""A file of separated values as it lies there: its encoding, its delimiter, the names of its columns."""

from __future__ import annotations

import codecs
import csv
import io
import shutil
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from sluss.errors import DataError
from sluss.formats.csv_rows import BOMS
from sluss.formats.data_file import COMPRESSED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_BLOCK = 1 << 20
_DELIMITERS = ",;\t|"
_LINES_LOOKED_AT = 1000  # for the delimiter; what they suggest is tried on all lines
_LONGEST_FIELD = 2**31 - 1  # instead of 131,072 characters, which a text may well have
# Bytes that are control characters in Latin-1 and letters or signs, such as €, in Windows' code page.
_ONLY_IN_CP1252 = bytes(range(0x80, 0xA0))


@dataclass(frozen=True)
class TextFile:
    """A file in UTF-8, which is a copy where the original has another encoding."""

    path: Path
    encoding: str  # of the original
    delimiter: str
    names: tuple[str, ...]


def open_text(path: Path, scratch: Path) -> TextFile:
    """Find out how a file of separated values is written; a copy in UTF-8 goes to `scratch` if it needs one.

    Raises:
        DataError: it is empty, or two of its columns have the same name.
    """
    encoding = encoding_of(path)
    is_plain = encoding == "utf-8" and path.suffix not in COMPRESSED
    readable = path if is_plain else _in_utf8(path, encoding, scratch)
    with _opened(readable) as raw:
        lines = list(islice(codecs.getreader("utf-8-sig")(raw), _LINES_LOOKED_AT))
    if not any(line.strip() for line in lines):
        raise DataError(f"{path} is empty. Name a file with a line of column names and rows below it.")
    delimiter = delimiter_of(lines)
    names = next(csv.reader(lines, delimiter=delimiter, strict=False))
    check_names(path, names)
    return TextFile(readable, encoding, delimiter, tuple(name.strip() for name in names))


def encoding_of(path: Path) -> str:
    """The encoding of a text, by all of its bytes: UTF-8, UTF-16, Windows' code page 1252 or Latin-1."""
    with _opened(path) as raw:
        start = raw.read(4)
    for mark, name in BOMS.items():
        if start.startswith(mark):
            return name
    if b"\0" in start:  # every other byte of a text that is mostly ASCII
        return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
    if _is_utf8(path):
        return "utf-8"
    _refuse_mixed(path)
    return "cp1252" if _has_any(path, _ONLY_IN_CP1252) else "latin-1"


def delimiter_of(lines: Sequence[str]) -> str:
    """The delimiter that parts most lines into as many fields as the first one has."""

    csv.field_size_limit(_LONGEST_FIELD)

    def fit(delimiter: str) -> tuple[float, int]:
        widths = [len(fields) for fields in csv.reader(lines, delimiter=delimiter, strict=False) if fields]
        if widths[0] < 2:
            return 0.0, 1
        return Counter(widths)[widths[0]] / len(widths), widths[0]

    return max(_DELIMITERS, key=fit)


def check_names(path: Path, names: Sequence[str]) -> None:
    """Check that each column has a name of its own.

    Raises:
        DataError: one has none, or two have the same.
    """
    doubled = [name for name, times in Counter(name.strip() for name in names).items() if times > 1]
    if doubled:
        shown = f"'{doubled[0]}'" if doubled[0] else "(empty)"
        raise DataError(f"{path} has two columns of the name {shown}. Give each a name of its own in the first line.")
    known: dict[str, str] = {}
    for name in names:
        if other := known.get(name.strip().lower()):
            raise DataError(
                f"{path} has the columns '{other}' and '{name.strip()}', which differ in upper and lower case alone, "
                "and a database takes them for one. Rename one in the first line."
            )
        known[name.strip().lower()] = name.strip()
    if "" in (name.strip() for name in names):
        raise DataError(f"{path} has a column without a name. Name it in the first line.")


def _opened(path: Path) -> BinaryIO:
    if path.suffix not in COMPRESSED:
        return path.open("rb")
    import pyarrow as pa

    return io.BufferedReader(pa.input_stream(str(path), compression=COMPRESSED[path.suffix]))


def _blocks(path: Path) -> Iterator[bytes]:
    with _opened(path) as raw:
        while block := raw.read(_BLOCK):
            yield block


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in _blocks(path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_mixed(path: Path) -> None:
    """Refuse a file of which some lines are in UTF-8 and others are not: no encoding reads all of them.

    Raises:
        DataError: it names a line of each kind.
    """
    found: dict[bool, int] = {}
    with _opened(path) as raw:
        for number, line in enumerate(raw, 1):
            if not line.isascii():
                found.setdefault(_decodes(line), number)
            if len(found) == len((True, False)):
                raise DataError(
                    f"{path} is written in two encodings: line {found[True]} is UTF-8, line {found[False]} is not. "
                    "Write it in one encoding."
                )


def _decodes(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _has_any(path: Path, values: bytes) -> bool:
    return any(len(block.translate(None, values)) < len(block) for block in _blocks(path))


def _in_utf8(path: Path, encoding: str, scratch: Path) -> Path:
    scratch.mkdir(parents=True, exist_ok=True)
    copy = scratch / f"{path.stem}.utf8"
    with _opened(path) as raw, copy.open("w", encoding="utf-8", newline="") as target:
        shutil.copyfileobj(codecs.getreader(encoding)(raw, "replace"), target, _BLOCK)
    return copy
