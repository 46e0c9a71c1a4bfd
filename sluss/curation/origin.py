"""Where the rows and labels of an interval are read: a query of the use case's own, its tables, or in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.curation.extract import Extract, Query, extract
from sluss.curation.schema import label_columns, row_columns
from sluss.sources.source import in_place
from sluss.storage.own_tables import literal, quoted
from sluss.storage.point_in_time import ARRIVED

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from sluss.context import Context
    from sluss.interval import Interval

_LABEL_TIME = "label_time"


def read_rows(context: Context, interval: Interval) -> Extract:
    """Read and check the rows whose event lies in the interval."""
    columns = row_columns(context.use_case.curation.columns)
    return _read(context, interval, Query("row", "", columns, "event_time", ARRIVED))


def read_labels(context: Context, interval: Interval) -> Extract:
    """Read and check the labels that became known in the interval."""
    return _read(context, interval, Query("label", "", label_columns(context.use_case), _LABEL_TIME, _LABEL_TIME))


def _read(context: Context, interval: Interval, query: Query) -> Extract:
    name, batches = _batches(context, interval, query)
    named = Query(query.kind, name, query.columns, query.time, query.arrival)
    folder = context.settings.home / "cache"
    return extract(batches, named, interval, context.use_case.unit, folder)


def _batches(context: Context, interval: Interval, query: Query) -> tuple[str, Iterator[pa.RecordBatch]]:
    use_case = context.use_case
    file = context.settings.config_dir / f"{use_case.name}{'' if query.kind == 'row' else '_labels'}.sql"
    if file.is_file():
        return str(file), _of_file(context, interval, query.kind)
    if (source := in_place(context)) is not None:
        stream = source.events(interval) if query.kind == "row" else source.labels(interval)
        return f"source of {use_case.name}", iter(stream)
    table = f"{use_case.name}_{query.kind}s"
    return f"table {table}", _of_table(context, interval, query, table)


def _of_file(context: Context, interval: Interval, kind: str) -> Iterator[pa.RecordBatch]:
    file = context.settings.config_dir / f"{context.use_case.name}{'' if kind == 'row' else '_labels'}.sql"
    with context.warehouse() as warehouse:
        yield from warehouse.read(file, interval)


def _of_table(context: Context, interval: Interval, query: Query, table: str) -> Iterator[pa.RecordBatch]:
    """The rows of a table of ours. The fixed order makes a second run write the same table."""
    columns = ", ".join(quoted(name) for name in query.columns)
    order = ", ".join(dict.fromkeys([query.time, "id", query.arrival]))
    span = _within(query.time, interval)
    if query.time != query.arrival:  # a row without a time belongs to the interval in which it arrived
        span += f" OR {query.time} IS NULL AND {_within(query.arrival, interval)}"
    with context.warehouse() as warehouse:
        if warehouse.exists(table):
            sql = f"SELECT {columns} FROM {quoted(table)} WHERE {span} ORDER BY {order}"  # noqa: S608 - quoted
            yield from warehouse.select(sql, f"the table {table}")


def _within(column: str, interval: Interval) -> str:
    return f"{column} >= {literal(interval.start)} AND {column} < {literal(interval.end)}"
