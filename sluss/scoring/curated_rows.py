"""The curated rows of an interval, as they were known at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.interval import Interval, partitions
from sluss.storage.lake import INTERVAL, Lake
from sluss.storage.point_in_time import known
from sluss.storage.row_groups import RowGroups, row_groups

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase


def rows_to_score(lake: Lake, use_case: UseCase, interval: Interval) -> RowGroups | None:
    """Return the interval's curated rows as they were known at its end, or None without a table `curated`."""
    span = partitions(interval, use_case.unit)
    curated = lake.dataset("curated", first=span[0], last=span[1])
    return None if curated is None else row_groups(curated, columns_to_score(use_case), span, known(interval.end))


def columns_to_score(use_case: UseCase) -> list[str]:
    """Return the columns that `score` reads."""
    return list(dict.fromkeys([INTERVAL, "id", "event_time", *use_case.features]))
