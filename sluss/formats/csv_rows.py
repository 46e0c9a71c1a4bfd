"""Rows of separated values."""

from __future__ import annotations

import codecs
import csv
import io
from typing import TYPE_CHECKING

from sluss.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from sluss.formats.data_file import DataFile, Form

_BLOCK = 4 << 20  # bytes
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read_csv(file: DataFile, form: Form) -> Iterator[pa.RecordBatch]:
    """Stream the rows, all values as texts."""
    import pyarrow as pa
    from pyarrow import csv as reader

    with file.open() as head:
        start = head.read(1 << 16)
    encoding = form.encoding or next((name for bom, name in BOMS.items() if start.startswith(bom)), "utf-8")
    names, delimiter = _header(file, start, encoding, form)
    if not names:
        return
    read = reader.ReadOptions(
        encoding=encoding, column_names=names, block_size=_BLOCK,
        skip_rows_after_names=1,  # the header is a row, which may have line breaks in its names
        use_threads=False,  # with threads an error does not name its line
    )  # fmt: skip
    parse = reader.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    convert = reader.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    with file.open() as stream:
        try:
            opened = reader.open_csv(stream, read_options=read, parse_options=parse, convert_options=convert)
        except pa.ArrowInvalid as error:
            if "Empty CSV file" in str(error):
                yield pa.RecordBatch.from_pydict({name: pa.array([], pa.string()) for name in names})
                return
            raise
        try:
            yield from opened
        except UnicodeDecodeError as error:
            raise DataError(
                f"{file} is not written in {encoding} ({error.reason}). Give source.encoding the right one, such as "
                "cp1252 or latin-1."
            ) from None


def _header(file: DataFile, start: bytes, encoding: str, form: Form) -> tuple[list[str], str]:
    """The names of the columns and the sign between them."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start)
    except LookupError:
        raise ConfigError(f"source.encoding: {encoding} is not an encoding; write for example cp1252.") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file} is not written in {encoding} ({error.reason}). Give source.encoding the right one, such as cp1252 "
            "or latin-1."
        ) from None
    line = text.lstrip("\ufeff").split("\n", 1)[0]
    delimiter = form.delimiter or max(",;\t|", key=lambda sign: (line.count(sign), sign == ","))
    names = next(csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter), [])
    names = [name.strip() or f"column {number}" for number, name in enumerate(names, 1)]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise DataError(f"{file} has two columns of the name '{doubled}'. Give one of them another name in the file.")
    return names, delimiter
