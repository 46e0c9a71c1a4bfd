"""Files of rows in the formats that people have, streamed in constant memory. Text formats give texts alone."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from sluss.errors import ConfigError, DataError
from sluss.storage.batches import BATCH_BYTES, fitting_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa
    from pyarrow.fs import FileSystem

_COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4"}
_SUFFIXES = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow",
    ".feather": "arrow", ".jsonl": "json", ".ndjson": "json", ".json": "json", ".xlsx": "excel", ".xlsm": "excel",
}  # fmt: skip
_BATCH = 50_000  # rows
_BLOCK = 4 << 20  # bytes of a CSV
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True)
class Form:
    """How files are written, as far as they do not show it themselves."""

    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class DataFile:
    """One file of a file system."""

    system: FileSystem
    path: str
    size: int
    changed: int | None = None  # nanoseconds since 1970, where the file system knows it

    def __str__(self) -> str:
        return self.path

    @property
    def format(self) -> str | None:
        """The format by the file's name; None where the name shows none."""
        suffixes = [suffix.lower() for suffix in PurePosixPath(self.path).suffixes]
        if suffixes and suffixes[-1] in _COMPRESSED:
            suffixes.pop()
        return _SUFFIXES.get(suffixes[-1]) if suffixes else None

    def open(self) -> IO[bytes]:
        """Its content, decompressed."""
        suffix = PurePosixPath(self.path).suffix.lower()
        return self.system.open_input_stream(self.path, compression=_COMPRESSED.get(suffix))  # type: ignore[no-any-return]


def read_file(file: DataFile, form: Form) -> Iterator[pa.RecordBatch]:
    """Stream the rows of a file.

    Raises:
        ConfigError: its format or encoding is not known.
        DataError: it is damaged.
    """
    import pyarrow as pa

    name = form.format or file.format
    if name is None:
        raise ConfigError(
            f"The name of {file} does not show its format. Give source.format: {', '.join(sorted(_READERS))}."
        )
    try:
        yield from _READERS[name](file, form)
    except pa.ArrowInvalid as error:
        raise DataError(f"{file} cannot be read: {_reason(error, form)}") from None
    except (OSError, EOFError) as error:
        raise DataError(f"{file} cannot be read ({' '.join(str(error).split())[:300]}). Check the file.") from None


def _reason(error: Exception, form: Form) -> str:
    text = " ".join(str(error).split())
    if "invalid UTF8" in text or "Invalid UTF8" in text:
        return (
            f"it is not written in {form.encoding or 'utf-8'}. Give source.encoding the right one, such as cp1252 or "
            "latin-1."
        )
    if "Expected" in text and "columns" in text:
        where = text.removeprefix("CSV parse error: ").replace("Row #", "line ")
        return f"{where}. Correct that line, or source.delimiter."
    return f"{text}. Check the file."


def _read_csv(file: DataFile, form: Form) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    from pyarrow import csv as reader

    with file.open() as head:
        start = head.read(1 << 16)
    encoding = form.encoding or next((name for bom, name in _BOMS.items() if start.startswith(bom)), "utf-8")
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


def _read_parquet(file: DataFile, _: Form) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq

    with file.system.open_input_file(file.path) as opened:
        read = pq.ParquetFile(opened)
        groups = [read.metadata.row_group(number) for number in range(read.num_row_groups)]
        size = fitting_rows(_BATCH, read.metadata.num_rows, sum(group.total_byte_size for group in groups))
        yield from read.iter_batches(batch_size=size)


def _read_arrow(file: DataFile, _: Form) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    with file.system.open_input_file(file.path) as opened:
        try:
            reader = pa.ipc.open_file(opened)
        except pa.ArrowInvalid:
            opened.seek(0)
            yield from pa.ipc.open_stream(opened)
            return
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)


def _read_json(file: DataFile, form: Form) -> Iterator[pa.RecordBatch]:
    """One object a line. Numbers keep the digits that they are written with."""
    with file.open() as stream:
        lines = enumerate(io.TextIOWrapper(stream, form.encoding or "utf-8-sig"), 1)
        rows: list[dict[str, Any]] = []
        size = 0
        for number, line in lines:
            if line.strip():
                rows.append(_json_row(file, number, line))
                size += len(line)
            if len(rows) >= _BATCH or size >= BATCH_BYTES:
                yield _as_texts(rows)
                rows, size = [], 0
        if rows:
            yield _as_texts(rows)


def _json_row(file: DataFile, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line, parse_float=str, parse_int=str)
    except json.JSONDecodeError as error:
        raise DataError(f"{file}, line {number}: {error.msg}. Each line must be one JSON object.") from None
    if not isinstance(row, dict):
        raise DataError(f"{file}, line {number} is not a JSON object. Each line must be one.")
    return row


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


def _read_excel(file: DataFile, form: Form) -> Iterator[pa.RecordBatch]:
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


_READERS: dict[str, Callable[[DataFile, Form], Iterator[pa.RecordBatch]]] = {
    "csv": _read_csv, "parquet": _read_parquet, "arrow": _read_arrow, "json": _read_json, "excel": _read_excel,
}  # fmt: skip
