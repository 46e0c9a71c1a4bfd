"""The columns of a use case's `curation` and their types, regardless of the types that the driver returns."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sluss.config.curation import Column
from sluss.conversion.numbers import number_texts
from sluss.errors import ConfigError
from sluss.problems import problem_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from sluss.config.use_case import UseCase

_LONG, _EXACT = 64, 2**53  # bits of an integer, and the largest one up to which doubles hold them all
_UUID_BYTES = 16


def label_columns(use_case: UseCase) -> dict[str, Column]:
    """Return the columns of a label: id, label, label_time."""
    return {
        "id": Column(kind="text", min_length=1),
        "label": problem_of(use_case).judging.label,
        "label_time": Column(kind="time"),
    }


def row_columns(columns: Mapping[str, Column]) -> dict[str, Column]:
    """Return the curated columns in order: id, event_time, arrived_at, then the others of the config."""
    first = {"id": columns["id"], "event_time": columns["event_time"], "arrived_at": Column(kind="time")}
    return {**first, **columns}


def arrow_schema(columns: Mapping[str, Column]) -> pa.Schema:
    """Return the Arrow schema of these columns."""
    import pyarrow as pa

    return pa.schema([(name, _types()[column.kind]) for name, column in columns.items()])


def plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Replace the driver's extension types by their storage types: Postgres' NUMERIC, for example, becomes text."""
    import pyarrow as pa

    columns = [column.storage if isinstance(column, pa.ExtensionArray) else column for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


def typed(batch: pa.RecordBatch, columns: Mapping[str, Column], query: str) -> pa.RecordBatch:
    """Cast these columns to their types; a number that cannot be read becomes null.

    Raises:
        ConfigError: the query does not return a column, or returns a type that cannot be cast to the config's.
    """
    import pyarrow as pa

    places = {name: _place(name, batch.schema.names) for name in columns}
    missing = [name for name, place in places.items() if place is None]
    if missing:
        raise ConfigError(f"{query} does not give the column '{missing[0]}'. Add it to its SELECT.")
    try:
        values = [_typed(batch.column(places[name]), name, column) for name, column in columns.items()]
    except TypeError as error:
        raise ConfigError(f"{query} gives {error}. Cast it there, or correct its kind under curation.") from None
    return pa.RecordBatch.from_arrays(values, schema=arrow_schema(columns))


def _place(name: str, names: list[str]) -> int | None:
    """The place of a column; a database may have changed the case of a name that is written without quotes."""
    if name in names:
        return names.index(name)
    same = [place for place, other in enumerate(names) if other.lower() == name.lower()]
    return same[0] if len(same) == 1 else None


def _types() -> dict[str, pa.DataType]:
    import pyarrow as pa

    text = pa.string()
    return {"text": text, "category": text, "number": pa.float64(), "time": pa.timestamp("us", tz="UTC")}


def _typed(raw: pa.Array, name: str, column: Column) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    raw = _without_wrapping(raw)
    if column.kind == "number":
        raw = _as_number(raw, name)
    try:
        if column.kind == "time" and not pa.types.is_temporal(raw.type):
            raise pa.ArrowInvalid
        values = raw.cast(_types()[column.kind], safe=column.kind != "time")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise TypeError(f"the column '{name}' as {raw.type}, which is not a {column.kind}") from None
    return pc.if_else(pc.is_nan(values), None, values) if column.kind == "number" else values


def _without_wrapping(raw: pa.Array) -> pa.Array:
    """Enums and long texts as texts, UUIDs and times of a day as they are written."""
    import pyarrow as pa

    kind = pa.types
    if kind.is_dictionary(raw.type):
        raw = raw.dictionary_decode()
    if kind.is_fixed_size_binary(raw.type) and raw.type.byte_width == _UUID_BYTES:
        return pa.array([None if each is None else str(UUID(bytes=each)) for each in raw.to_pylist()], pa.string())
    if kind.is_interval(raw.type):
        return pa.array([None if each is None else str(each) for each in raw.to_pylist()], pa.string())
    is_long = kind.is_large_string(raw.type) or kind.is_string_view(raw.type) or kind.is_null(raw.type)
    return raw.cast(pa.string()) if is_long or kind.is_time(raw.type) else raw


def _as_number(raw: pa.Array, name: str) -> pa.Array:
    """Numbers as Arrow can cast them, null where a text is not a number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(raw.type):
        return number_texts(raw)
    if pa.types.is_duration(raw.type):
        return pc.divide(raw.cast(pa.duration("us")).cast(pa.int64()).cast(pa.float64()), 1e6)
    if pa.types.is_integer(raw.type) and raw.type.bit_width == _LONG:
        bounds = pc.min_max(raw).as_py()
        if bounds["max"] is not None and (bounds["max"] > _EXACT or bounds["min"] < -_EXACT):
            raise TypeError(
                f"the column '{name}' with integers beyond ±2^53, which a number cannot hold exactly; "
                "a category or text keeps every digit"
            )
    return raw
