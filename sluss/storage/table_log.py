"""Find single rows and what a partition was made from, without reading whole tables."""

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
    """When a partition was written as it stands, and what its commit says, if the table has that commit."""

    at: datetime
    version: int | None = None
    notes: dict[str, str] = field(default_factory=dict)


def rows_with_id(lake: Lake, table: str, row_id: str, interval: str | None = None) -> pa.Table | None:
    """All rows with that id, the newest interval first, or None where the table does not exist.

    Files and row groups whose smallest and largest id leave it out are skipped; of the others the ids are read, and
    the other columns only where an id was found.
    """
    import pyarrow as pa
    from deltalake import QueryBuilder

    opened = lake.table(table)
    if opened is None:
        return None
    where = f"id = {_quoted(row_id)}" + (f' AND "{INTERVAL}" = {_quoted(interval)}' if interval else "")
    query = f'SELECT * FROM looked_up WHERE {where} ORDER BY "{INTERVAL}" DESC'  # noqa: S608 - quoted below
    with lake.reachable():
        found = QueryBuilder().register("looked_up", opened).execute(query).read_all()
    # In the types of the table, as who reads a whole partition gets them, not those of the query engine.
    return pa.table(found).cast(pa.schema(opened.schema().to_arrow()))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def files(lake: Lake, table: str) -> list[dict[str, Any]]:
    """What the log says of each file: partition, rows, smallest and largest value of the columns looked for."""
    import pyarrow as pa

    opened = lake.table(table)
    return [] if opened is None else pa.table(opened.get_add_actions(flatten=True)).to_pylist()


def constant(file: dict[str, Any], column: str) -> Any:  # noqa: ANN401 - of the column's type
    """The column's value where the log tells that all rows of a file have the same one, or None."""
    least, most = file.get(f"min.{column}"), file.get(f"max.{column}")
    return least if least == most else None


def in_common(lake: Lake, table: str, columns: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By partition, those of the columns that have one value in all its rows, and that value, from the log alone."""
    found: dict[str, dict[str, Any]] = {}
    for file in files(lake, table):
        same, name = {column: constant(file, column) for column in columns}, file[f"partition.{INTERVAL}"]
        known = found.get(name, same)
        found[name] = {column: value for column, value in known.items() if value is not None and value == same[column]}
    return found


def written(lake: Lake, table: str, interval: str) -> Written | None:
    """When and from what a partition was written as it stands, or None where there is no such partition."""
    stamps = [file["modification_time"] for file in files(lake, table) if file[f"partition.{INTERVAL}"] == interval]
    if not stamps:
        return None
    at = datetime.fromtimestamp(max(stamps) / 1000, UTC)
    opened = lake.table(table)
    assert opened is not None
    with lake.reachable():
        history = opened.history()
    for commit in history:
        if commit.get(FIRST, "~") <= interval < commit.get(END, ""):
            return Written(at, commit["version"], {key: str(value) for key, value in commit.items()})
    return Written(at)
