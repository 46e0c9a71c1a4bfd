"""Which file arrived in which interval, where the rows themselves have no time. Kept in the lake, in `arrivals`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sluss.errors import DataError
from sluss.interval import Interval, partition, partitions
from sluss.storage.lake import INTERVAL
from sluss.storage.own_tables import literal, quoted
from sluss.storage.point_in_time import ARRIVED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sluss.context import Context

_TABLE = "arrivals"
_T = TypeVar("_T")


def arrived_in(context: Context, interval: Interval, files: Mapping[str, _T]) -> dict[str, _T]:
    """The files that no other interval has brought.

    Raises:
        DataError: the history, to which the first files belong, is not loaded.
    """
    first, end = partitions(interval, context.use_case.unit)
    table = context.lake.dataset(_TABLE)
    rows = [] if table is None else table.to_table([INTERVAL, "file"]).to_pylist()
    _require_history(context, interval, rows)
    elsewhere = {row["file"] for row in rows if not first <= row[INTERVAL] < end}
    return {name: file for name, file in files.items() if name not in elsewhere}


def _require_history(context: Context, interval: Interval, arrived: list[dict[str, str]]) -> None:
    """Otherwise, a schedule that starts before the history is loaded would take its files for new ones."""
    use_case = context.use_case
    live = partition(use_case.first_live, use_case.unit)
    if interval.start >= use_case.first_live and not any(row[INTERVAL] < live for row in arrived):
        raise history_first(context, "files")


def history_first(context: Context, things: str) -> DataError:
    """The refusal of an interval that would take the rows of the history for new ones."""
    name = context.use_case.name
    return DataError(
        f"The history of {name} is not loaded, to which the {things} that are there now belong. Load it first: make "
        f"data USE_CASE={name}, or Airflow's DAG {name}_data."
    )


def history_is_brought(context: Context) -> bool:
    """Whether the warehouse has a row that was brought before the use case went live."""
    table, live = f"{context.use_case.name}_rows", literal(context.use_case.first_live)
    with context.warehouse() as warehouse:
        if not warehouse.exists(table):
            return False
        older = f"SELECT id FROM {quoted(table)} WHERE {ARRIVED} < {live} LIMIT 1"  # noqa: S608 - quoted
        return any(batch.num_rows for batch in warehouse.select(older, f"the table {table}"))


def note_arrivals(context: Context, interval: Interval, files: Sequence[str]) -> None:
    """Note that these files arrive in the interval."""
    import pyarrow as pa

    first, end = partitions(interval, context.use_case.unit)
    last = context.use_case.unit.before(interval.end)
    name = partitions(Interval(last, interval.end), context.use_case.unit)[0]
    noted = pa.table({INTERVAL: pa.repeat(name, len(files)), "file": pa.array(files, pa.string())})
    context.lake.replace(_TABLE, noted, first, end)
