"""Rows of a sheet of Excel."""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from sluss.formats.data_file import DataFile, Form

_BATCH = 50_000  # rows


def read_excel(file: DataFile, form: Form) -> Iterator[pa.RecordBatch]:
    """Stream the rows below the names, without empty ones."""
    import openpyxl
    import pyarrow as pa

    with file.system.open_input_file(file.path) as stream:
        book = openpyxl.load_workbook(io.BytesIO(stream.read()), read_only=True, data_only=True)
    sheet = book[form.sheet] if form.sheet else book.worksheets[0]
    rows = sheet.iter_rows(values_only=True)
    names = [str(name) if name is not None else f"column {number}" for number, name in enumerate(next(rows, ()), 1)]
    while batch := list(itertools.islice(rows, _BATCH)):
        filled = [row for row in batch if any(cell is not None for cell in row)]
        columns = [list(column) for column in zip(*filled, strict=True)] or [[] for _ in names]
        yield pa.RecordBatch.from_arrays([_cells(column) for column in columns], names=names)


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
