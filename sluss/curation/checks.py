"""The checks of rows in a use case's `curation`, on whole columns of Arrow."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.errors import ConfigError
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from sluss.config.curation import Column

REPEATED = "id occurs more than once with the same arrival"

Faults = dict[int, str]


def row_faults(
    raw: pa.Table | pa.RecordBatch, values: pa.Table | pa.RecordBatch, columns: Mapping[str, Column]
) -> Faults:
    """Return the faults of each bad row by its position: the first of each column, in the order of the columns.

    Args:
        raw: n rows as the driver returned them.
        values: the same rows in the types of `columns`.
        columns: the checks by column.

    Raises:
        ConfigError: a check of the config cannot be run.
    """
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for name, column in columns.items():
        for wrong, reason in _tests(_raw_column(raw, name), values[name], name, column):
            for number in _places(wrong):
                found[number].setdefault(name, reason)
    return {number: "; ".join(reasons.values()) for number, reasons in sorted(found.items())}


def repeated_faults(rows: pa.Table, columns: Mapping[str, Column], arrival: str) -> Faults:
    """Return the faults that only a comparison of the interval's rows shows: repeated ids and values.

    A row is compared with those that arrived before it, so that a later arrival does not change its verdict. Rows with
    one id and different arrivals are corrections. With the same arrival their order is unknown: all but one are bad.

    Args:
        rows: n rows that passed `row_faults`, with the column `interval`.
        columns: the checks by column; `unique` ones are compared.
        arrival: the column that says when a row arrived.
    """
    import pyarrow.compute as pc

    unique = [name for name, column in columns.items() if column.unique and name != "id"]
    order = pc.array_sort_indices(_whole(rows[arrival])).to_pylist()  # stable
    parts, ids, arrivals = (rows[name].to_pylist() for name in (INTERVAL, "id", arrival))
    values = {name: rows[name].to_pylist() for name in unique}
    seen: set[tuple[str, str, object]] = set()
    owners: dict[tuple[str, str, object], str] = {}
    found: dict[int, list[str]] = defaultdict(list)
    for number in order:
        part, row_id = parts[number], ids[number]
        if (part, row_id, arrivals[number]) in seen:
            found[number].append(REPEATED)
        seen.add((part, row_id, arrivals[number]))
        for name in unique:
            value = values[name][number]
            if value is not None and owners.setdefault((part, name, value), row_id) != row_id:
                found[number].append(f"{name} is that of another id")
    return {number: "; ".join(reasons) for number, reasons in sorted(found.items())}


def _tests(raw: pa.Array | None, values: pa.Array, name: str, column: Column) -> Iterator[tuple[pa.Array, str]]:
    """Which values are wrong, and how, one test after the other."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if raw is not None and column.kind == "number" and pa.types.is_string(raw.type):
        yield pc.and_(raw.is_valid(), values.is_null()), f"{name} is not a number"
    if not column.nullable:
        yield values.is_null(), f"{name} is missing"
    try:
        yield from (_numbers if column.kind == "number" else _texts)(values, name, column)
    except pa.ArrowInvalid as error:
        raise ConfigError(
            f"The check of the column '{name}' cannot be run ({' '.join(str(error).split())}). "
            "Correct it under curation.columns."
        ) from None


def _texts(values: pa.Array, name: str, column: Column) -> Iterator[tuple[pa.Array, str]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.min_length is not None:
        how = "empty" if column.min_length == 1 else f"shorter than {counted(column.min_length, 'character')}"
        yield pc.less(pc.utf8_length(values), column.min_length), f"{name} is {how}"
    if column.max_length is not None:
        longer = f"{name} is longer than {counted(column.max_length, 'character')}"
        yield pc.greater(pc.utf8_length(values), column.max_length), longer
    if column.pattern is not None:
        matches = pc.match_substring_regex(values, f"^(?:{column.pattern})$")
        yield pc.invert(matches), f"{name} does not match {column.pattern}"
    if column.categories is not None:
        known = pc.is_in(values, pa.array(column.categories, pa.string()))
        yield pc.and_(values.is_valid(), pc.invert(known)), f"{name} is none of {', '.join(column.categories)}"


def _numbers(values: pa.Array, name: str, column: Column) -> Iterator[tuple[pa.Array, str]]:
    import pyarrow.compute as pc

    yield pc.is_inf(values), f"{name} is infinite"
    if column.minimum is not None:
        yield pc.less(values, column.minimum), f"{name} is below {column.minimum:g}"
    if column.maximum is not None:
        yield pc.greater(values, column.maximum), f"{name} is above {column.maximum:g}"


def _raw_column(raw: pa.Table | pa.RecordBatch, name: str) -> pa.Array | None:
    return raw[name] if name in raw.schema.names else None


def _places(wrong: pa.Array) -> list[int]:
    import pyarrow.compute as pc

    # Most columns of most batches have no fault, which is quicker to see than where there is none.
    return pc.indices_nonzero(wrong).to_pylist() if pc.any(wrong).as_py() else []


def _whole(values: pa.ChunkedArray | pa.Array) -> pa.Array:
    return values.combine_chunks() if hasattr(values, "combine_chunks") else values
