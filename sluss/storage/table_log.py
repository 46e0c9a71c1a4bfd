"""The log of a Delta table: finds single rows, and the provenance of a partition, without reading the table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sluss.storage.lake import END, FIRST, INTERVAL, Lake

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

SCORED_FROM = "sluss.curated.version"  # in a commit of `predictions`: the version of `curated` that was read


@dataclass(frozen=True)
class Written:
    """The time at which a partition was last written; version and notes of that commit, if the log still has it."""

    at: datetime
    version: int | None = None
    notes: dict[str, str] = field(default_factory=dict)


def rows_with_id(lake: Lake, table: str, row_id: str, interval: str | None = None) -> pa.Table | None:
    """Return all rows with that id, the newest interval first, or None if the table does not exist.

    Skips files and row groups whose range of ids excludes it, reads the ids of the others, and the remaining columns
    only where an id matches.
    """
    import pyarrow as pa
    from deltalake import QueryBuilder

    opened = lake.table(table)
    if opened is None:
        return None
    where = f"id = {_quoted(row_id)}" + (f' AND "{INTERVAL}" = {_quoted(interval)}' if interval else "")
    query = f'SELECT * FROM log_table WHERE {where} ORDER BY "{INTERVAL}" DESC'  # noqa: S608 - quoted below
    with lake.reachable():
        found = QueryBuilder().register("log_table", opened).execute(query).read_all()
    # DataFusion returns types of its own (string views); cast them to those that reading a partition gives.
    return pa.table(found).cast(pa.schema(opened.schema().to_arrow()))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def files(lake: Lake, table: str, span: tuple[str, str] | None = None) -> list[dict[str, Any]]:
    """Return the log's entry for each file: partition, number of rows, minimum and maximum of the indexed columns.

    `span` restricts it to the partitions first ≤ interval ≤ last, so that a long table costs no more than a short one.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    opened = lake.table(table)
    if opened is None:
        return []
    found = pa.table(opened.get_add_actions(flatten=True))
    if span is not None:
        name = pc.cast(found[f"partition.{INTERVAL}"], pa.string())
        found = found.filter(pc.and_(pc.greater_equal(name, span[0]), pc.less_equal(name, span[1])))
    listed: list[dict[str, Any]] = found.to_pylist()
    return listed


def rows_by_partition(lake: Lake, table: str) -> dict[str, int]:
    """Return the number of rows of each partition, from the log alone."""
    found: dict[str, int] = {}
    for file in files(lake, table):
        name = file[f"partition.{INTERVAL}"]
        found[name] = found.get(name, 0) + int(file["num_records"] or 0)
    return found


def constant(file: dict[str, Any], column: str) -> Any:  # noqa: ANN401 - of the column's type
    """Return the column's value if all rows of a file have the same one (minimum = maximum), else None."""
    # A column without statistics has neither bound, and thus no constant.
    least, most = file.get(f"min.{column}"), file.get(f"max.{column}")
    return least if least == most else None


def in_common(
    lake: Lake, table: str, columns: Sequence[str], span: tuple[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    """Return, by partition of the span, the columns that have a single value in all its rows, with that value."""
    found: dict[str, dict[str, Any]] = {}
    for file in files(lake, table, span):
        same, name = {column: constant(file, column) for column in columns}, file[f"partition.{INTERVAL}"]
        # A partition can have several files, and each of them must have the same value.
        known = found.get(name, same)
        found[name] = {column: value for column, value in known.items() if value is not None and value == same[column]}
    return found


def written(lake: Lake, table: str, interval: str) -> Written | None:
    """Return time and commit of the last write of a partition, or None without such a partition."""
    stamps = [file["modification_time"] for file in files(lake, table) if file[f"partition.{INTERVAL}"] == interval]
    if not stamps:
        return None
    at = datetime.fromtimestamp(max(stamps) / 1000, UTC)
    opened = lake.table(table)
    assert opened is not None
    with lake.reachable():
        history = opened.history()
    for commit in history:
        # The newest commit comes first. A commit without a span, such as a vacuum, matches no interval, because "~"
        # sorts after the name of every partition.
        if commit.get(FIRST, "~") <= interval < commit.get(END, ""):
            return Written(at, commit["version"], {key: str(value) for key, value in commit.items()})
    return Written(at)
