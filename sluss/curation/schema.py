"""The columns of a use case's `curation` and their types, whatever types the warehouse's driver gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.config.data import Column
from sluss.errors import ConfigError
from sluss.problems import problem_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from sluss.config.use_case import UseCase

_NUMBER = r"^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*$"


def label_columns(use_case: UseCase) -> dict[str, Column]:
    """What a label comes with."""
    return {
        "id": Column(kind="text", min_length=1),
        "label": problem_of(use_case).judging.label,
        "label_time": Column(kind="time"),
    }


def row_columns(columns: Mapping[str, Column]) -> dict[str, Column]:
    """The curated columns in their order: id, event_time, arrived_at, then the config's others."""
    first = {"id": columns["id"], "event_time": columns["event_time"], "arrived_at": Column(kind="time")}
    return {**first, **columns}


def arrow_schema(columns: Mapping[str, Column]) -> pa.Schema:
    """The types of these columns."""
    import pyarrow as pa

    return pa.schema([(name, _types()[column.kind]) for name, column in columns.items()])


def plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Without the marks of a driver: Postgres' NUMERIC, for one, arrives as marked text."""
    import pyarrow as pa

    columns = [column.storage if isinstance(column, pa.ExtensionArray) else column for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


def typed(batch: pa.RecordBatch, columns: Mapping[str, Column], query: str) -> pa.RecordBatch:
    """The values of these columns in their types; null where a number cannot be read.

    Raises:
        ConfigError: the query that gave the batch leaves out a column, or gives it a type that is not the config's.
    """
    import pyarrow as pa

    missing = [name for name in columns if name not in batch.schema.names]
    if missing:
        raise ConfigError(f"{query} does not give the column '{missing[0]}'. Add it to its SELECT.")
    try:
        values = [_typed(batch.column(name), name, column) for name, column in columns.items()]
    except TypeError as error:
        raise ConfigError(f"{query} gives {error}. Cast it there, or correct its kind under curation.") from None
    return pa.RecordBatch.from_arrays(values, schema=arrow_schema(columns))


def _types() -> dict[str, pa.DataType]:
    import pyarrow as pa

    text = pa.string()
    return {"text": text, "category": text, "number": pa.float64(), "time": pa.timestamp("us", tz="UTC")}


def _typed(raw: pa.Array, name: str, column: Column) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    is_text = pa.types.is_string(raw.type)
    if column.kind == "number" and is_text:
        raw = pc.if_else(pc.match_substring_regex(raw, _NUMBER), pc.utf8_trim_whitespace(raw), None)
    try:
        if column.kind == "time" and not pa.types.is_temporal(raw.type):
            raise pa.ArrowInvalid
        values = raw.cast(_types()[column.kind], safe=column.kind != "time")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise TypeError(f"the column '{name}' as {raw.type}, which is not a {column.kind}") from None
    return pc.if_else(pc.is_nan(values), None, values) if column.kind == "number" else values
