"""The schema version of the tables, and the steps that bring tables of older releases to it.

A table names its version in its description. Tables of before that have version 0. A step looks at the table, and
rewrites it in one commit if it has to, so that it can be killed at any moment and run again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.errors import ConfigError
from sluss.schema import DESCRIPTION, SCHEMA, check_known, schema_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa
    import pyarrow.dataset as ds
    from deltalake import DeltaTable

    Rewrite = Callable[[pa.Table], pa.Table]


def up_to_date(name: str, table: DeltaTable, options: Mapping[str, str]) -> DeltaTable:
    """Return the table with the present schema; migrate it if it has an older one.

    Args:
        name: of the table, such as `curated`.
        table: at its newest version.
        options: of its storage.

    Raises:
        ConfigError: a newer Sluss has written the table, or it has to be migrated and cannot be written from here.
    """
    address = table.table_uri.rstrip("/")
    while True:
        schema = check_known(schema_in(table.metadata().description), f"The table {address}")
        # Looked at anew after each attempt: of two processes that migrate at once, one comes second.
        rewrites = list(_needed(name, table, schema))
        if not rewrites or _migrated(table, rewrites[0], options):
            return table


def _migrated(table: DeltaTable, rewrite: Rewrite, options: Mapping[str, str]) -> bool:
    """Rewrite the table; return False if another writer came first."""
    from deltalake.exceptions import DeltaError

    before = table.version()
    try:
        _rewrite(table, rewrite, options)
    except (DeltaError, OSError) as error:
        table.update_incremental()
        if table.version() > before:
            return False
        reason = str(error).splitlines()[0][:200]
        raise ConfigError(
            f"The table {table.table_uri.rstrip('/')} was written by an older Sluss and cannot be migrated from here: "
            f"{reason}. Run a step that may write to it, such as make score."
        ) from error
    return True


def _needed(name: str, table: DeltaTable, schema: int) -> Iterator[Rewrite]:
    if schema >= SCHEMA:
        return
    columns = {field.name for field in table.schema().fields}
    for table_name, column, rewrite in _TO_1:
        if name == table_name and column not in columns:
            yield rewrite


def _rewrite(table: DeltaTable, rewrite: Rewrite, options: Mapping[str, str]) -> None:
    """Replace all rows in one commit. The versions before it stay readable."""
    import pyarrow as pa
    from deltalake import CommitProperties, write_deltalake

    # All that asks the table, before the write: from within it, delta-rs takes no question.
    found, [column] = table.to_pyarrow_dataset(), table.metadata().partition_columns
    partitions = sorted(str(each[column]) for each in table.partitions())
    schema = rewrite(found.schema.empty_table()).schema
    write_deltalake(
        table,
        pa.RecordBatchReader.from_batches(schema, _batches(found, column, partitions, rewrite)),
        mode="overwrite",
        schema_mode="overwrite",
        commit_properties=CommitProperties(max_commit_retries=0),
        storage_options=dict(options),
    )
    table.update_incremental()
    table.alter.set_table_description(DESCRIPTION)


def _batches(found: ds.Dataset, column: str, partitions: Sequence[str], rewrite: Rewrite) -> Iterator[pa.RecordBatch]:
    """The rewritten rows of one partition after the other: a table may not fit into memory."""
    import pyarrow.dataset as ds

    for partition in partitions:
        rows = found.to_table(filter=ds.field(column) == partition, use_threads=False)
        yield from rewrite(rows).to_batches()


def _with_supersession(rows: pa.Table) -> pa.Table:
    from sluss.storage.point_in_time import with_supersession

    return with_supersession(rows)


def _with_alerts(rows: pa.Table) -> pa.Table:
    """Alerts lay in MLflow alone; those of these intervals stay there, on their runs."""
    import pyarrow as pa

    kind = pa.list_(pa.struct([(name, pa.string()) for name in _ALERT]))
    none: list[Any] = [[]] * rows.num_rows
    return rows.append_column("alerts", pa.array(none, kind))


_ALERT = ("type", "severity", "state", "since", "message", "figures")
# To schema 1: the table, the column that tables of before lack, and how to make it.
_TO_1: tuple[tuple[str, str, Rewrite], ...] = (
    ("curated", "superseded_at", _with_supersession),
    ("monitoring", "alerts", _with_alerts),
)
