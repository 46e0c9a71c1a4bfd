"""What was known at a moment: of each row and of each label, the latest that had arrived by then.

Rows are kept as they arrived. `arrived_at` says since when a row was known, `superseded_at` since when a later row of
its id has taken its place. So what was known is a filter, which costs nothing where the files' statistics decide it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd
    import pyarrow as pa
    import pyarrow.dataset as ds

ARRIVED, SUPERSEDED = "arrived_at", "superseded_at"


def known(as_of: datetime) -> ds.Expression:
    """The filter on `curated` for the rows in force just before a moment."""
    import pyarrow.dataset as ds

    superseded = ds.field(SUPERSEDED)
    return (ds.field(ARRIVED) < as_of) & (superseded.is_null() | (superseded >= as_of))


def known_rows(
    curated: ds.Dataset, columns: list[str], as_of: datetime, among: ds.Expression | None = None
) -> pa.Table:
    """The rows of `curated` in force just before a moment, each id once.

    Args:
        curated: the table, at the version to be read.
        columns: what to read.
        as_of: nothing that arrived at this moment or later is seen.
        among: which partitions and rows to look at (default: all).

    Returns:
        n rows with `columns`. An id that came back in another interval counts there, with the row that arrived last.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = list(dict.fromkeys([*columns, "id", ARRIVED]))
    rows = curated.to_table(wanted, filter=known(as_of) if among is None else among & known(as_of))
    if pc.count_distinct(rows["id"]).as_py() < rows.num_rows:
        order = rows.select(["id", ARRIVED]).to_pandas().sort_values(ARRIVED, kind="stable")
        latest = order.drop_duplicates("id", keep="last").index.sort_values()
        rows = rows.take(pa.array(latest.to_numpy()))
    return rows.select(columns)


def known_labels(labels: ds.Dataset, as_of: datetime, among: ds.Expression | None = None) -> pd.DataFrame:
    """`id`, `label` and `label_time` of the labels known just before a moment; a corrected label counts once."""
    import pyarrow.dataset as ds

    filter_ = ds.field("label_time") < as_of
    found = labels.to_table(["id", "label", "label_time"], filter=filter_ if among is None else among & filter_)
    frame: pd.DataFrame = found.to_pandas()
    return frame.sort_values("label_time", kind="stable").drop_duplicates("id", keep="last", ignore_index=True)


def with_supersession(rows: pa.Table) -> pa.Table:
    """Rows of whole partitions, with `superseded_at` after `arrived_at`: when the next row of the same id arrived."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from sluss.storage.lake import INTERVAL

    place = rows.schema.get_field_index(ARRIVED)
    field = rows.schema.field(place).with_name(SUPERSEDED)
    keys = pc.binary_join_element_wise(rows[INTERVAL], rows["id"], " ")
    if pc.count_distinct(keys).as_py() == rows.num_rows:
        return rows.add_column(place + 1, field, pa.nulls(rows.num_rows, field.type))
    order = pc.sort_indices(
        pa.table({"key": keys, ARRIVED: rows[ARRIVED]}), [("key", "ascending"), (ARRIVED, "ascending")]
    )
    key, arrived = (column.take(order).combine_chunks() for column in (keys, rows[ARRIVED]))
    following = pc.if_else(pc.equal(key[:-1], key[1:]), arrived[1:], pa.scalar(None, field.type))
    superseded = pa.concat_arrays([following, pa.nulls(1, field.type)])
    return rows.add_column(place + 1, field, superseded.take(pc.sort_indices(order)))
