"""The rows of an interval and their labels, or an even sample of very many, in constant memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.interval import Interval, parse_interval, partition
from sluss.monitoring.tables import CURATED, LABELS, PREDICTIONS, read_known, read_rows, read_scored
from sluss.storage.lake import INTERVAL
from sluss.storage.point_in_time import known
from sluss.storage.row_groups import row_groups
from sluss.storage.table_log import files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
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


def shares(lake: Lake, span: tuple[str, str]) -> dict[str, float]:
    """Return the share that is read of each interval with very many scored rows, from the log alone."""
    rows: dict[str, int] = {}
    for file in files(lake, PREDICTIONS, span):
        name = file[f"partition.{INTERVAL}"]
        rows[name] = rows.get(name, 0) + int(file["num_records"] or 0)
    return {name: MOST_ROWS / count for name, count in rows.items() if count > MOST_ROWS}


def scored_in(
    lake: Lake, columns: Sequence[str], span: tuple[str, str], many: Mapping[str, float], unit: Unit
) -> pd.DataFrame:
    """Read columns of the predictions of a span, and of the intervals with very many rows a sample."""
    import pandas as pd

    usual = read_scored(lake, [INTERVAL, *columns], span, list(many))
    parts = [
        scored(lake, columns, parse_interval(name, unit), unit)[0].assign(**{INTERVAL: name}) for name in sorted(many)
    ]
    return pd.concat([part for part in (usual, *parts) if len(part)], ignore_index=True) if parts else usual


def arrived(lake: Lake, span: tuple[str, str], as_of: datetime, share: float) -> set[str]:
    """Return the ids, of that share, whose label arrived in first ≤ interval < end, and before a moment."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    dataset = lake.dataset(LABELS, first=span[0], last=span[1])
    if dataset is None:
        return set()
    groups, limit = row_groups(dataset, [_ID], span, ds.field("label_time") < as_of), int(share * 2**64)
    found = (batch[_ID] for batch in groups.batches(_BATCH))
    some = found if share >= 1 else (ids.filter(pa.array(hashed(ids) < limit)) for ids in found)
    return {row for ids in some for row in ids.to_pylist()}


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
