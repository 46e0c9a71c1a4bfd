"""Point-in-time reads: of each row and each label, the latest that had arrived before a moment.

A correction does not overwrite the row that it corrects: a table keeps every row as it arrived. `arrived_at` is the
time from which a row was known, `superseded_at` the time from which a later row with its id replaces it. The state at a
moment is therefore a filter on two columns of one row. It needs no join and no window over the table, reads in constant
memory, and Parquet's statistics decide it for whole row groups, most of which nothing corrects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.storage.columns import PARTITION as INTERVAL

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd
    import pyarrow as pa
    import pyarrow.dataset as ds

ARRIVED, SUPERSEDED = "arrived_at", "superseded_at"


def known(as_of: datetime) -> ds.Expression:
    """Return the filter on `curated` for the rows in force just before a moment."""
    import pyarrow.dataset as ds

    # A row that arrives exactly at the moment does not count: it belongs to the interval that begins there, so that
    # neighbouring intervals share no arrival.
    superseded = ds.field(SUPERSEDED)
    return (ds.field(ARRIVED) < as_of) & (superseded.is_null() | (superseded >= as_of))


def known_rows(
    curated: ds.Dataset, columns: list[str], as_of: datetime, among: ds.Expression | None = None
) -> pa.Table:
    """Read the rows of `curated` in force just before a moment, each id once.

    Args:
        curated: the table, at the version to be read.
        columns: what to read.
        as_of: rows that arrived at this moment or later do not count.
        among: restricts partitions and rows (default: all).

    Returns:
        n rows with `columns`. Of an id in several intervals, the row that arrived last.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = list(dict.fromkeys([*columns, "id", ARRIVED]))
    rows = curated.to_table(wanted, filter=known(as_of) if among is None else among & known(as_of))
    # `superseded_at` covers one partition, because a step replaces a partition without reading the others. An id whose
    # event time was corrected may be in force in two of them; that is rare, so only then are the rows sorted.
    if pc.count_distinct(rows["id"]).as_py() < rows.num_rows:
        order = rows.select(["id", ARRIVED]).to_pandas().sort_values(ARRIVED, kind="stable")
        latest = order.drop_duplicates("id", keep="last").index.sort_values()
        rows = rows.take(pa.array(latest.to_numpy()))
    return rows.select(columns)


def known_labels(labels: ds.Dataset, as_of: datetime, among: ds.Expression | None = None) -> pd.DataFrame:
    """Read `id`, `label` and `label_time` of the labels known just before a moment; a corrected label counts once."""
    import pyarrow.dataset as ds

    # Labels have no `superseded_at`. A corrected label is stored in the partition in which it arrived, and the step
    # that writes that partition does not rewrite the one with the first label. So the reader picks the last.
    filter_ = ds.field("label_time") < as_of
    found = labels.to_table(["id", "label", "label_time"], filter=filter_ if among is None else among & filter_)
    frame: pd.DataFrame = found.to_pandas()
    return frame.sort_values("label_time", kind="stable").drop_duplicates("id", keep="last", ignore_index=True)


def not_before_the_event(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows whose label became known at their event or after it.

    Curation refuses a label from before its row if it has the row. Where the row came later than its label, each reader
    of both leaves it out, so that training and monitoring count the same rows.

    Args:
        rows: n rows with `event_time` and `label_time`.
    """
    return rows[rows.label_time >= rows.event_time]


def with_supersession(rows: pa.Table) -> pa.Table:
    """Add the column `superseded_at` after `arrived_at`: the arrival of the next row with the same id, or null.

    Args:
        rows: n rows, which must be complete partitions.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    place = rows.schema.get_field_index(ARRIVED)
    field = rows.schema.field(place).with_name(SUPERSEDED)
    keys = pc.binary_join_element_wise(rows[INTERVAL], rows["id"], " ")
    # Most intervals contain no correction. For these, one count replaces the sort.
    if pc.count_distinct(keys).as_py() == rows.num_rows:
        return rows.add_column(place + 1, field, pa.nulls(rows.num_rows, field.type))
    # Sorted by partition, id and arrival, the row that supersedes another follows it directly.
    order = pc.sort_indices(
        pa.table({"key": keys, ARRIVED: rows[ARRIVED]}), [("key", "ascending"), (ARRIVED, "ascending")]
    )
    key, arrived = (column.take(order).combine_chunks() for column in (keys, rows[ARRIVED]))
    following = pc.if_else(pc.equal(key[:-1], key[1:]), arrived[1:], pa.scalar(None, field.type))
    superseded = pa.concat_arrays([following, pa.nulls(1, field.type)])
    # Sorting the permutation inverts it, which puts the times back into the order of `rows`.
    return rows.add_column(place + 1, field, superseded.take(pc.sort_indices(order)))
