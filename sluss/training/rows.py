"""The labelled rows that a training reads: its window, its holdout, and the table versions they came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sluss.config.use_case import UseCase
from sluss.errors import DataError
from sluss.interval import parse_interval
from sluss.storage.lake import Lake

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase

from datetime import timedelta
from typing import TYPE_CHECKING

from sluss.digests import rows_digest
from sluss.interval import partition
from sluss.storage.lake import INTERVAL
from sluss.storage.point_in_time import known_labels, known_rows, not_before_the_event
from sluss.training.split import split

if TYPE_CHECKING:
    import pandas as pd
    from deltalake import DeltaTable


def newest_end(lake: Lake, use_case: UseCase) -> datetime:
    """Return the end of the newest curated interval.

    Raises:
        DataError: no interval was curated yet.
    """
    newest = lake.newest("curated")
    if newest is None:
        raise DataError(
            f"{use_case.name} has no curated data to learn from. Load it first: make data USE_CASE={use_case.name}."
        )
    return parse_interval(newest, use_case.unit).end


@dataclass(frozen=True)
class TrainingRows:
    """Two frames of raw curated rows plus the column `label`, ordered by event time and id."""

    train: pd.DataFrame
    holdout: pd.DataFrame
    curated_version: int
    labels_version: int
    digest: str


def training_rows(lake: Lake, use_case: UseCase, until: datetime) -> TrainingRows:
    """Read the labelled rows of the window that ends at `until`, with its last days held out.

    Point-in-time: rows and labels that arrived at `until` or later do not count.

    Raises:
        DataError: the window has no curated rows, or too few of them have a label.
    """
    curated, labels = lake.table("curated"), lake.table("labels")
    if curated is None or labels is None:
        raise DataError(
            f"{use_case.name} has no curated data to learn from. Load it first: make data USE_CASE={use_case.name}."
        )
    start = until - timedelta(days=use_case.training.window_days)
    rows = _labelled(use_case, curated, labels, until, start)
    train, holdout = split(use_case, rows, until)
    return TrainingRows(
        train,
        holdout,
        curated.version(),
        labels.version(),
        rows_digest(rows),
    )


def newer_rows(lake: Lake, use_case: UseCase, since: datetime, until: datetime) -> pd.DataFrame:
    """Read the labelled rows of a span as they are known at its end; empty without any, in the order of their events.

    Raises:
        DataError: nothing was curated yet.
    """
    curated, labels = lake.table("curated"), lake.table("labels")
    if curated is None or labels is None:
        raise DataError(f"{use_case.name} has no curated data.")
    return _labelled(use_case, curated, labels, until, since)


def _labelled(
    use_case: UseCase, curated: DeltaTable, labels: DeltaTable, until: datetime, start: datetime
) -> pd.DataFrame:
    import pyarrow.dataset as ds

    columns = list(dict.fromkeys(["id", "event_time", *use_case.curation.columns]))
    window = (
        # The partition excludes whole files; the time decides within the first one.
        (ds.field(INTERVAL) >= partition(start, use_case.unit))
        & (ds.field("event_time") >= start)
        & (ds.field("event_time") < until)
    )
    rows = known_rows(curated.to_pyarrow_dataset(), columns, until, window)
    # Of all partitions, because a label may arrive long after its row.
    newest = known_labels(labels.to_pyarrow_dataset(), until)
    joined: pd.DataFrame = rows.to_pandas().merge(newest, on="id")
    joined = not_before_the_event(joined)
    joined = joined if use_case.reads_label_times else joined.drop(columns="label_time")
    # In a fixed order, because the folds are drawn by position.
    return joined.sort_values(["event_time", "id"], ignore_index=True)
