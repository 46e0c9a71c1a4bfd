"""Bring an interval's rows to the lake where they are not there yet, as a person who scores a single day expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.curation.curate import curate
from sluss.curation.late import curate_late
from sluss.errors import DataError
from sluss.interval import partitions
from sluss.sources.generate import generate

if TYPE_CHECKING:
    from sluss.context import Context
    from sluss.curation.curate import CuratedData
    from sluss.interval import Interval


def bring(context: Context, interval: Interval) -> CuratedData | None:
    """Load and curate the interval's rows, and late ones with their own interval, as the scoring DAG does.

    Returns None, and reads nothing, where the lake has rows of the interval.

    Raises:
        ConfigError: the source, a query or the interval is wrong.
        DataError: the source has no rows of the interval, or they violate a limit of the config.
        ServiceError: the source, the warehouse, the lake or MLflow does not answer.
    """
    first, end = partitions(interval, context.use_case.unit)
    newest = context.lake.newest("curated", before=end)
    if newest is not None and newest >= first:
        return None
    may_be_empty = context.use_case.curation.min_rows == 0
    brought = generate(context, interval)
    if not (brought.rows or brought.labels or brought.in_place or may_be_empty):
        raise _nothing(context, interval)
    curated = curate(context, interval)
    if not (curated.rows or may_be_empty):  # labels of earlier intervals came alone
        raise _nothing(context, interval)
    curate_late(context, interval)
    return curated


def _nothing(context: Context, interval: Interval) -> DataError:
    name = context.use_case.name
    return DataError(
        f"The source of {name} has no rows that arrive in {interval}, so there is nothing to score. Choose an interval "
        f"that has rows, or see source in config/{name}.yaml."
    )
