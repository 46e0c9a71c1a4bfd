"""Read a file by its format, in constant memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.errors import ConfigError, DataError
from sluss.formats.columnar import read_arrow, read_parquet
from sluss.formats.csv_rows import read_csv
from sluss.formats.excel_rows import BROKEN_ARCHIVE, read_excel
from sluss.formats.json_rows import read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from sluss.formats.data_file import DataFile, Form

_READERS: dict[str, Callable[[DataFile, Form], Iterator[pa.RecordBatch]]] = {
    "csv": read_csv, "parquet": read_parquet, "arrow": read_arrow, "json": read_json, "excel": read_excel,
}  # fmt: skip


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
    except BROKEN_ARCHIVE as error:
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
