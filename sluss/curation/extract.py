"""Read an interval's rows or labels from the warehouse, and separate good from bad ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.curation.checks import repeated_faults, row_faults
from sluss.curation.schema import arrow_schema, plain, typed
from sluss.errors import ConfigError
from sluss.interval import FORMAT, Interval, Unit, partition
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from sluss.config.data import Column
    from sluss.storage.warehouse import Warehouse

_QUARANTINE = (INTERVAL, "kind", "id", "reason", "row")  # all of them text; `row` is the raw row as JSON


@dataclass(frozen=True)
class Query:
    """An SQL file, the schema of its rows, and the columns with their event time, for the partition, and arrival."""

    kind: str
    file: Path
    columns: dict[str, Column]
    time: str
    arrival: str


@dataclass(frozen=True)
class Extract:
    """The rows of a query: good ones in the types of the config, bad ones in those of the quarantine."""

    kind: str
    good: pa.Table
    bad: pa.Table


@dataclass(frozen=True)
class _Rows:
    """The same rows twice: raw, and in the types of the config with their partition."""

    raw: pa.Table
    checked: pa.Table


def extract(warehouse: Warehouse, query: Query, interval: Interval, unit: Unit) -> Extract:
    """Run the query, and check its rows.

    Raises:
        ConfigError: the query is missing or wrong, or returns rows of other intervals.
        ServiceError: the warehouse failed while reading.
    """
    import pyarrow as pa

    rows = _read(warehouse, query, interval, unit)
    if rows is None:
        schema = arrow_schema(query.columns).insert(0, pa.field(INTERVAL, pa.string()))
        return Extract(query.kind, schema.empty_table(), _quarantined(query.kind, []))
    rows, bad = _put_aside(rows, row_faults(rows.raw, rows.checked, query.columns), query.kind)
    rows, repeated = _put_aside(rows, repeated_faults(rows.checked, query.columns, query.arrival), query.kind)
    return Extract(query.kind, rows.checked, pa.concat_tables([bad, repeated]))


def _read(warehouse: Warehouse, query: Query, interval: Interval, unit: Unit) -> _Rows | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    raw = [plain(batch) for batch in warehouse.read(query.file, interval) if batch.num_rows]
    if not raw:
        return None
    values = pa.Table.from_batches([typed(batch, query.columns, str(query.file)) for batch in raw])
    times = values[query.time]
    first, last = pc.min(times).as_py(), pc.max(times).as_py()
    if first and (first < interval.start or last >= interval.end):
        raise ConfigError(f"{query.file} gives rows outside {interval}. It must keep {query.time} >= $1 and < $2.")
    names = pc.fill_null(pc.strftime(times, format=FORMAT[unit]), partition(interval.start, unit))
    return _Rows(pa.Table.from_batches(raw), values.add_column(0, INTERVAL, names))


def _put_aside(rows: _Rows, faults: pd.Series[str], kind: str) -> tuple[_Rows, pa.Table]:
    import numpy as np
    import pyarrow as pa

    numbers = pa.array(faults.index.to_numpy(), pa.int64())
    bad = zip(rows.checked[INTERVAL].take(numbers).to_pylist(), faults, rows.raw.take(numbers).to_pylist(), strict=True)
    is_good = np.ones(rows.raw.num_rows, dtype=bool)
    is_good[faults.index.to_numpy()] = False
    kept = pa.array(is_good)
    return _Rows(rows.raw.filter(kept), rows.checked.filter(kept)), _quarantined(kind, list(bad))


def _quarantined(kind: str, bad: list[tuple[str, str, dict[str, object]]]) -> pa.Table:
    """Return partition, reason and content of bad rows, in the schema of the quarantine."""
    import pyarrow as pa

    schema = pa.schema([(name, pa.string()) for name in _QUARANTINE])
    rows = [(name, kind, row["id"], reason, _as_json(row)) for name, reason, row in bad]
    columns = zip(*rows, strict=True) if rows else [() for _ in _QUARANTINE]
    return pa.table([pa.array([_as_text(value) for value in column], pa.string()) for column in columns], schema)


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)


def _as_json(row: dict[str, object]) -> str:
    return json.dumps(row, default=str, ensure_ascii=False)
