"""Read an interval's rows or labels batch by batch, and separate good from bad ones."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sluss.curation.checks import row_faults
from sluss.curation.keys import Keys, UniqueValues
from sluss.curation.partitions import partition_names
from sluss.curation.schema import arrow_schema, plain, typed
from sluss.curation.spool import Spool, rechunked
from sluss.errors import ConfigError
from sluss.interval import Interval, Unit, partition
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from sluss.config.curation import Column

_CLOCKS = timedelta(minutes=15)
QUARANTINE = (INTERVAL, "kind", "id", "reason", "row")  # all of them text; `row` is the raw row as JSON


@dataclass(frozen=True)
class Query:
    """Rows to read: their name in errors, their schema, and the columns with event time and arrival."""

    kind: str
    name: str
    columns: dict[str, Column]
    time: str
    arrival: str


@dataclass
class Extract:
    """The rows of a query: good ones in the types of the config, bad ones in those of the quarantine."""

    query: Query
    good: Spool
    keys: Keys = field(default_factory=Keys)
    counts: Counter[str] = field(default_factory=Counter)  # good rows by partition
    newest: dict[str, datetime] = field(default_factory=dict)
    bad: list[pa.Table] = field(default_factory=list)
    bad_rows: int = 0
    dropped: set[int] = field(default_factory=set)  # numbers of rows that were found bad afterwards
    superseded: dict[int, datetime] = field(default_factory=dict)  # by number: when the next row of its id arrived
    unique: dict[str, UniqueValues] = field(default_factory=dict)
    ahead: int = 0  # good rows that arrived before their event

    @property
    def kind(self) -> str:
        """`row` or `label`."""
        return self.query.kind

    @property
    def total(self) -> int:
        """Good and bad rows."""
        return self.good.rows - len(self.dropped) + self.bad_rows

    def drop(self, numbers: list[int], rows: pa.Table, reasons: list[str]) -> None:
        """Put rows that were taken for good, of these numbers, into quarantine too."""
        self.dropped.update(numbers)
        names = rows[INTERVAL].to_pylist()
        self.add_bad(names, reasons, rows.drop_columns([INTERVAL]).to_pylist())
        self.counts.subtract(names)

    def add_bad(self, names: list[str], reasons: list[str], rows: list[dict[str, object]]) -> None:
        """Put rows into quarantine."""
        self.bad_rows += len(rows)
        self.bad.append(quarantined(self.kind, list(zip(names, reasons, rows, strict=True))))


def extract(batches: Iterator[pa.RecordBatch], query: Query, interval: Interval, unit: Unit, folder: Path) -> Extract:
    """Read and check all rows; `folder` is for those that memory need not hold.

    Raises:
        ConfigError: the query is missing or wrong, or returns rows of other intervals.
        ServiceError: the warehouse failed while reading.
    """
    import pyarrow as pa

    schema = arrow_schema(query.columns).insert(0, pa.field(INTERVAL, pa.string()))
    found = Extract(query, Spool(schema, folder))
    try:
        for batch in rechunked(batch for batch in batches if batch.num_rows):
            _add(found, plain(batch), interval, unit)
    except BaseException:
        found.good.close()
        raise
    return found


def _add(found: Extract, raw: pa.RecordBatch, interval: Interval, unit: Unit) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    query = found.query
    values = typed(raw, query.columns, query.name)
    times = values[query.time]
    first, last = pc.min(times).as_py(), pc.max(times).as_py()
    if first and (first < interval.start or last >= interval.end):
        raise ConfigError(f"{query.name} gives rows outside {interval}. It must keep {query.time} >= $1 and < $2.")
    names = _names(times, values[query.arrival], interval, unit)
    rows = pa.RecordBatch.from_arrays([names, *values.columns], schema=found.good.schema)
    faults = row_faults(raw, values, query.columns)
    if faults:
        numbers = pa.array(list(faults), pa.int64())
        found.add_bad(names.take(numbers).to_pylist(), list(faults.values()), raw.take(numbers).to_pylist())
        is_good = np.ones(raw.num_rows, dtype=bool)
        is_good[list(faults)] = False
        rows = rows.filter(pa.array(is_good))
    _keep(found, rows)


def _names(times: pa.Array, arrivals: pa.Array, interval: Interval, unit: Unit) -> pa.Array:
    """The partition of each row: of its time, or else of its arrival where that lies in the interval."""
    import pyarrow.compute as pc

    names = partition_names(times, unit)
    if not names.null_count:
        return names
    inside = pc.and_(pc.greater_equal(arrivals, interval.start), pc.less(arrivals, interval.end))
    by_arrival = partition_names(pc.if_else(inside, arrivals, None), unit)
    return pc.fill_null(pc.coalesce(names, by_arrival), partition(interval.start, unit))


def _keep(found: Extract, rows: pa.RecordBatch) -> None:
    import pyarrow as pa

    found.good.append(rows)
    found.keys.append(rows["id"], rows[INTERVAL], rows[found.query.time])
    if found.query.time != found.query.arrival:
        found.ahead += ahead(rows[found.query.time], rows[found.query.arrival])
    by_name = pa.table([rows[INTERVAL], rows[found.query.time]], ["name", "time"])
    for each in by_name.group_by("name").aggregate([("time", "max"), ("time", "count")]).to_pylist():
        found.counts[each["name"]] += each["time_count"]
        newest = found.newest.get(each["name"])
        found.newest[each["name"]] = each["time_max"] if newest is None else max(newest, each["time_max"])
    for name, column in found.query.columns.items():
        if column.unique and name != "id":
            found.unique.setdefault(name, UniqueValues()).append(rows[name], rows[INTERVAL], rows["id"])


def ahead(events: pa.Array | pa.ChunkedArray, arrivals: pa.Array | pa.ChunkedArray) -> int:
    """How many rows arrived before their event; clocks may differ by some minutes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    early = pc.greater(pc.subtract(events, arrivals), pa.scalar(_CLOCKS, pa.duration("us")))
    return int(pc.sum(early).as_py() or 0)


def quarantined(kind: str, bad: list[tuple[str, str, Mapping[str, object]]]) -> pa.Table:
    """Return partition, reason and content of bad rows, in the schema of the quarantine."""
    import pyarrow as pa

    schema = pa.schema([(name, pa.string()) for name in QUARANTINE])
    rows = [(name, kind, row["id"], reason, _as_json(row)) for name, reason, row in bad]
    columns = zip(*rows, strict=True) if rows else [() for _ in QUARANTINE]
    return pa.table([pa.array([_as_text(value) for value in column], pa.string()) for column in columns], schema)


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)


def _as_json(row: Mapping[str, object]) -> str:
    return json.dumps(row, default=str, ensure_ascii=False)
