"""New labels: labelled rows that a training would learn from and that the previous one could not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sluss.interval import partition
from sluss.storage.held_out import held_out, split_key, splits_by_ids
from sluss.storage.point_in_time import not_before_the_event
from sluss.training.split import training_end

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow.dataset as ds

    from sluss.config.use_case import UseCase
    from sluss.storage.lake import Lake


def newly_labelled(lake: Lake, use_case: UseCase, until: datetime, last: datetime | None) -> pd.Series:
    """Return the event times of the rows that are new to a training for `until` after one for `last`.

    A training does not learn from its holdout, so rows in the present holdout do not count, and rows of the last
    training's holdout do. A corrected row or label is not new.
    """
    import pandas as pd

    start, end = until - timedelta(days=use_case.training.window_days), _learned_until(use_case, until)
    curated = lake.dataset("curated", first=partition(start, use_case.unit), last=partition(end, use_case.unit))
    # A label is never known before its row's event time, so older partitions of labels cannot match.
    labels = lake.dataset("labels", first=partition(start, use_case.unit), last=partition(until, use_case.unit))
    if curated is None or labels is None:
        return pd.Series([], dtype="datetime64[us, UTC]")
    by_ids = splits_by_ids(use_case)
    key = [split_key(use_case)] if by_ids else []
    rows = _first(curated, list(dict.fromkeys(["id", *key, "event_time", "arrived_at"])), until)
    rows = rows[(rows.event_time >= start) & (rows.event_time < end)]
    if by_ids:
        rows = rows[~held_out(use_case, rows)]
    known = not_before_the_event(rows.merge(_all(labels, ["id", "label_time"], until), on="id"))
    known = known.drop_duplicates("id")
    if last is not None:
        learned = (known.event_time < _learned_until(use_case, last)) & (
            known[["arrived_at", "label_time"]].max(axis=1) < last
        )
        known = known[~learned]
    return known.event_time


def _learned_until(use_case: UseCase, until: datetime) -> datetime:
    """Return the end of the rows that a training for `until` learns from."""
    return until if splits_by_ids(use_case) else training_end(use_case.training, until)


def _first(table: ds.Dataset, columns: list[str], until: datetime) -> pd.DataFrame:
    """Return the first arrival of each id before `until`; the last column is its time."""
    return _all(table, columns, until).drop_duplicates("id")


def _all(table: ds.Dataset, columns: list[str], until: datetime) -> pd.DataFrame:
    """Return all arrivals before `until` in their order; the last column is their time."""
    import pyarrow.dataset as ds

    arrival = columns[-1]
    rows: pd.DataFrame = table.to_table(columns, filter=ds.field(arrival) < until).to_pandas()
    return rows.sort_values(arrival, kind="stable")
