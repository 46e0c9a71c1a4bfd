"""What a good row is: the columns of a use case's `curation`, checked a record batch at a time on Arrow arrays."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.shared.errors import ConfigError
from tasks.shared.use_case import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

_NUMBER = r"^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*$"
LABEL_COLUMNS = {
    "id": Column(kind="text", min_length=1),
    "label": Column(kind="category", categories=("0", "1")),
    "label_time": Column(kind="time"),
}


@dataclass(frozen=True)
class Checked:
    """A batch, its values in the types of the config, and what is wrong with each row (empty where nothing is)."""

    values: "pa.RecordBatch"
    reasons: "pa.StringArray"


def row_columns(columns: "Mapping[str, Column]") -> dict[str, Column]:
    """The curated columns in their order: id, event_time, arrived_at, then the config's others."""
    first = {"id": columns["id"], "event_time": columns["event_time"], "arrived_at": Column(kind="time")}
    return {**first, **columns}


def arrow_schema(columns: "Mapping[str, Column]") -> "pa.Schema":
    """The types that values of these columns have once they are checked."""
    import pyarrow as pa

    return pa.schema([(name, _types()[column.kind]) for name, column in columns.items()])


def check(batch: "pa.RecordBatch", columns: "Mapping[str, Column]", query: str) -> Checked:
    """Cast every column to its type and find out what is wrong with each row.

    Raises:
        ConfigError: the query that gave the batch leaves out a column, or gives it a type that is not the config's.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    missing = [name for name in columns if name not in batch.schema.names]
    if missing:
        raise ConfigError(f"{query} does not give the column '{missing[0]}'. Add it to its SELECT.")
    raw = {name: _plain(batch.column(name)) for name in columns}
    try:
        values = {name: _typed(raw[name], name, column) for name, column in columns.items()}
    except TypeError as error:
        raise ConfigError(f"{query} gives {error}. Cast it there, or correct its kind under curation.") from None
    problems = [_problems(raw[name], values[name], name, column) for name, column in columns.items()]
    # Not null_handling="skip": pyarrow 25 then loses the rows that are null throughout.
    reasons = pc.utf8_rtrim(pc.binary_join_element_wise(*problems, "", null_handling="replace"), characters="; ")
    return Checked(pa.RecordBatch.from_pydict(values, schema=arrow_schema(columns)), reasons)


def _types() -> "dict[str, pa.DataType]":
    import pyarrow as pa

    text = pa.string()
    return {"text": text, "category": text, "number": pa.float64(), "time": pa.timestamp("us", tz="UTC")}


def _plain(raw: "pa.Array") -> "pa.Array":
    """Without the marks of a driver: Postgres' NUMERIC, for one, arrives as marked text."""
    import pyarrow as pa

    return raw.storage if isinstance(raw, pa.ExtensionArray) else raw


def _typed(raw: "pa.Array", name: str, column: Column) -> "pa.Array":
    """The values in the column's type; null where one cannot be read."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_text = pa.types.is_string(raw.type)
    if column.kind == "number" and is_text:
        raw = pc.if_else(pc.match_substring_regex(raw, _NUMBER), pc.utf8_trim_whitespace(raw), None)
    try:
        if column.kind == "time" and not pa.types.is_temporal(raw.type):
            raise pa.ArrowInvalid
        typed = raw.cast(_types()[column.kind], safe=column.kind != "time")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise TypeError(f"the column '{name}' as {raw.type}, which is no {column.kind}") from None
    return pc.if_else(pc.is_nan(typed), None, typed) if column.kind == "number" else typed


def _problems(raw: "pa.Array", typed: "pa.Array", name: str, column: Column) -> "pa.Array":
    """What is wrong with each value, null where nothing is; the first fault that applies."""
    import pyarrow as pa
    import pyarrow.compute as pc

    faults: list[tuple[pa.Array, str]] = []
    if column.kind == "number" and pa.types.is_string(raw.type):
        faults.append((pc.and_(raw.is_valid(), typed.is_null()), f"{name} is no number"))
    if not column.nullable:
        faults.append((typed.is_null(), f"{name} is missing"))
    if column.kind in ("text", "category"):
        faults += _text_faults(typed, name, column)
    if column.kind == "number":
        faults += _number_faults(typed, name, column)
    if not faults:
        return pa.nulls(len(typed), pa.string())
    conditions = [pc.fill_null(condition, fill_value=False) for condition, _ in faults]
    numbered = pc.make_struct(*conditions, field_names=[str(number) for number in range(len(faults))])
    return pc.case_when(numbered, *(pa.scalar(f"{text}; ") for _, text in faults))


def _text_faults(typed: "pa.Array", name: str, column: Column) -> "list[tuple[pa.Array, str]]":
    import pyarrow as pa
    import pyarrow.compute as pc

    faults = []
    length = pc.utf8_length(typed)
    if column.min_length is not None:
        what = "empty" if column.min_length == 1 else f"shorter than {column.min_length} characters"
        faults.append((pc.less(length, column.min_length), f"{name} is {what}"))
    if column.max_length is not None:
        faults.append((pc.greater(length, column.max_length), f"{name} is longer than {column.max_length} characters"))
    if column.categories is not None:
        known = pc.or_(typed.is_null(), pc.is_in(typed, pa.array(column.categories, pa.string())))
        faults.append((pc.invert(known), f"{name} is none of {', '.join(column.categories)}"))
    return faults


def _number_faults(typed: "pa.Array", name: str, column: Column) -> "list[tuple[pa.Array, str]]":
    import pyarrow.compute as pc

    faults = [(pc.is_inf(typed), f"{name} is infinite")]
    if column.minimum is not None:
        faults.append((pc.less(typed, column.minimum), f"{name} is below {column.minimum:g}"))
    if column.maximum is not None:
        faults.append((pc.greater(typed, column.maximum), f"{name} is above {column.maximum:g}"))
    return faults
