"""Rows as JSON: one object a line, or one list of objects."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

from sluss.batches import BATCH_BYTES
from sluss.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    import pyarrow as pa

    from sluss.formats.data_file import DataFile, Form

_BATCH = 50_000  # rows
_BLOCK = 1 << 20  # characters
# Numbers keep the digits that they are written with.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str)
_BLANK = " \t\r\n"
_BETWEEN = re.compile(r"[\s,]*")


def read_json(file: DataFile, form: Form) -> Iterator[pa.RecordBatch]:
    """Stream the rows, all values as texts; lists and objects as a list with their text."""
    with file.open() as stream:
        text = io.TextIOWrapper(stream, form.encoding or "utf-8-sig")
        rows: list[dict[str, Any]] = []
        size = 0
        for row, length in _objects(file, text):
            rows.append(row)
            size += length
            if len(rows) >= _BATCH or size >= BATCH_BYTES:
                yield _as_texts(rows)
                rows, size = [], 0
        if rows:
            yield _as_texts(rows)


def _objects(file: DataFile, text: TextIO) -> Iterator[tuple[dict[str, Any], int]]:
    """Each object, and how many characters it has."""
    first = text.read(1)
    while first and first in _BLANK:
        first = text.read(1)
    if first == "[":
        yield from _of_list(file, text)
        return
    for number, line in enumerate(text, 1):
        whole = first + line if number == 1 else line
        if whole.strip():
            yield _row(file, f", line {number}", whole.strip(), "Each line must be one JSON object."), len(whole)


def _row(file: DataFile, place: str, text: str, rule: str) -> dict[str, Any]:
    try:
        row = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{file}{place}: {error.msg}. {rule}") from None
    return _checked(file, place, row, rule)


def _checked(file: DataFile, place: str, row: object, rule: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise DataError(f"{file}{place} is not a JSON object. {rule}")
    return row


def _after_blanks(text: str, place: int) -> int:
    found = _BETWEEN.match(text, place)
    return found.end() if found else place


def _of_list(file: DataFile, text: TextIO) -> Iterator[tuple[dict[str, Any], int]]:
    """The objects of a list, whose bracket has been read, as many at a time as are in memory."""
    rule, number, held, place, wanted = "Each entry of the list must be one.", 0, "", 0, _BLOCK
    while True:
        place = _after_blanks(held, place)
        if held.startswith("]", place):
            return
        try:
            row, end = _DECODER.raw_decode(held, place)
        except json.JSONDecodeError as error:
            more = text.read(wanted)
            if not more:
                raise DataError(f"{file}, entry {number + 1}: {error.msg}. Check the end of the file.") from None
            held, place, wanted = held[place:] + more, 0, 2 * wanted  # a long entry is not tried for each block
            continue
        number, wanted = number + 1, _BLOCK
        yield _checked(file, f", entry {number},", row, rule), end - place
        place = end


def _as_texts(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    import pyarrow as pa

    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [row.get(name) for row in rows] for name in names}
    return pa.RecordBatch.from_pydict({name: _texts_or_lists(values) for name, values in columns.items()})


def _texts_or_lists(values: list[Any]) -> pa.Array:
    import pyarrow as pa

    if any(isinstance(value, (list, dict)) for value in values):
        return pa.array([None if value is None else [json.dumps(value)] for value in values], pa.list_(pa.string()))
    return pa.array(
        [None if v is None else str(v).lower() if isinstance(v, bool) else str(v) for v in values], pa.string()
    )
