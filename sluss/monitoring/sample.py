"""The rows of one interval, or an even sample of very many, in constant memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.interval import Interval, partition
from sluss.monitoring.tables import CURATED, PREDICTIONS, read_known, read_rows
from sluss.storage.point_in_time import known
from sluss.storage.row_groups import row_groups

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from sluss.interval import Unit
    from sluss.storage.lake import Lake
    from sluss.storage.row_groups import RowGroups

# Of an interval with more rows, each figure is that of a sample of about so many: a share is then known to 0.2 %.
MOST_ROWS = 200_000
_BATCH = 65_536
_ID = "id"


def scored(lake: Lake, columns: Sequence[str], interval: Interval, unit: Unit) -> tuple[pd.DataFrame, int]:
    """Read columns of an interval's predictions, and count its rows."""
    name = partition(interval.start, unit)
    groups = _groups(lake, PREDICTIONS, [*columns, _ID], interval, unit)
    total = groups.rows if groups else 0
    if groups is None or total <= MOST_ROWS:
        return read_rows(lake, PREDICTIONS, list(columns), first=name, last=name), total
    return _sampled(groups, list(columns), MOST_ROWS / total), total


def raw(lake: Lake, columns: Sequence[str], interval: Interval, unit: Unit) -> pd.DataFrame:
    """Read columns of an interval's curated rows, as they were known at its end."""
    name = partition(interval.start, unit)
    groups = _groups(lake, CURATED, [*columns, _ID], interval, unit)
    if groups is None or groups.rows <= MOST_ROWS:
        return read_known(lake, list(columns), (name, name), interval.end)
    return _sampled(groups, list(columns), MOST_ROWS / groups.rows)


def _groups(lake: Lake, table: str, columns: list[str], interval: Interval, unit: Unit) -> RowGroups | None:
    import pyarrow.dataset as ds

    span = partition(interval.start, unit), partition(interval.end, unit)
    dataset = lake.dataset(table, first=span[0], last=span[0])
    kept = known(interval.end) if table == CURATED else ds.scalar(True)  # noqa: FBT003 - an expression that keeps all
    return None if dataset is None else row_groups(dataset, list(dict.fromkeys(columns)), span, kept)


def _sampled(groups: RowGroups, columns: list[str], share: float) -> pd.DataFrame:
    """Select rows by a hash of their ids: the same rows of both tables, whatever their order."""
    import pyarrow as pa

    limit = int(share * 2**64)
    parts = [batch.filter(pa.array(hashed(batch[_ID]) < limit)) for batch in groups.batches(_BATCH)]
    rows: pd.DataFrame = pa.Table.from_batches(parts).select(columns).to_pandas()
    return rows


def hashed(ids: pa.Array[Any]) -> NDArray[np.uint64]:
    """Return a hash of each id that every process computes alike."""
    import pandas as pd

    found: NDArray[np.uint64] = pd.util.hash_array(ids.to_numpy(zero_copy_only=False), categorize=False)
    return found
