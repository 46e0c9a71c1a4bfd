"""Tables to which rows are only added, such as what people did to an alert: never changed, never replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.schema import DESCRIPTION
from sluss.storage.lake import INTERVAL, Lake, properties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa


def read_appended(lake: Lake, table: str, *, first: str | None = None) -> list[dict[str, Any]]:
    """Read the rows of a table from the partition `first` on; none if the table does not exist.

    Raises:
        ServiceError: the lake does not answer.
    """
    dataset = lake.dataset(table, first=first)
    if dataset is None:
        return []
    with lake.reachable():
        return list(dataset.to_table().to_pylist())


def append(
    lake: Lake, table: str, rows: Sequence[Mapping[str, Any]], schema: Mapping[str, pa.DataType], *, alone: bool = False
) -> bool:
    """Add rows in one atomic commit, and return whether they were added.

    Args:
        lake: the lake of the use case.
        table: the table; it is created if it does not exist.
        rows: the rows, with the partition column `interval`.
        schema: the columns.
        alone: add them only if the table is as this lake has read it last. Of two writers that read the same version,
            one succeeds.

    Raises:
        ServiceError: the lake does not answer.
    """
    import pyarrow as pa
    from deltalake import CommitProperties, write_deltalake
    from deltalake.exceptions import DeltaError

    # Not `lake.table`, which would look for a newer version than the one that the caller has read.
    opened = lake.last_read(table) if alone else lake.table(table)
    content = pa.Table.from_pylist([dict(row) for row in rows], pa.schema(list(schema.items())))
    try:
        with lake.reachable():
            write_deltalake(
                opened or lake.uri(table),
                content,
                mode="append" if opened or not alone else "error",
                schema_mode="merge" if opened else None,
                partition_by=[INTERVAL],
                configuration=None if opened else properties(content.schema.names),
                description=None if opened else DESCRIPTION,
                # Without retries, a commit that comes second raises; with them, both would be added.
                commit_properties=CommitProperties(max_commit_retries=0) if alone else None,
                storage_options=lake.settings.lake_options,
            )
    except DeltaError:
        if not alone or not _has_moved(lake, table, opened.version() if opened else -1):
            raise
        return False
    lake.known.note(table, created=opened is None)
    return True


def _has_moved(lake: Lake, table: str, version: int) -> bool:
    found = lake.table(table)
    return found is not None and found.version() > version
