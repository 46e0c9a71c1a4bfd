"""Rows of a sheet of Excel."""

from __future__ import annotations

import io
import itertools
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from sluss.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from openpyxl import Workbook

    from sluss.formats.data_file import DataFile, Form

_BATCH = 50_000  # rows
BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, SyntaxError, OSError, EOFError)  # SyntaxError is one of XML


def read_excel(file: DataFile, form: Form) -> Iterator[pa.RecordBatch]:
    """Stream the rows below the names, without empty ones."""
    import pyarrow as pa

    book = _book(file)
    if form.sheet and form.sheet not in book.sheetnames:
        raise ConfigError(f"{file} has no sheet '{form.sheet}'. Correct source.sheet: {', '.join(book.sheetnames)}.")
    sheet = book[form.sheet] if form.sheet else book.worksheets[0]
    rows = sheet.iter_rows(values_only=True)
    names = [str(name) if name is not None else f"column {number}" for number, name in enumerate(next(rows, ()), 1)]
    while batch := list(itertools.islice(rows, _BATCH)):
        filled = [row for row in batch if any(cell is not None for cell in row)]
        columns = [list(column) for column in zip(*filled, strict=True)] or [[] for _ in names]
        yield pa.RecordBatch.from_arrays([_cells(column) for column in columns], names=names)


def _book(file: DataFile) -> Workbook:
    """Open a workbook, which is an archive of XML files."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    with file.system.open_input_file(file.path) as stream:
        content = io.BytesIO(stream.read())
    try:
        return openpyxl.load_workbook(content, read_only=True, data_only=True)
    except (InvalidFileException, LookupError, TypeError, ValueError, *BROKEN_ARCHIVE) as error:
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise DataError(
            f"{file} is not a workbook of Excel ({reason}). Save it as .xlsx, or give its name the ending of "
            "its format."
        ) from None


def _cells(values: list[Any]) -> pa.Array:
    """A column of times as times, any other as texts."""
    from datetime import date, datetime

    import pyarrow as pa

    given = [value for value in values if value is not None]
    if given and all(isinstance(value, (date, datetime)) for value in given):
        return pa.array(values, pa.timestamp("us"))
    return pa.array(
        [None if v is None else str(v).lower() if isinstance(v, bool) else str(v) for v in values], pa.string()
    )
