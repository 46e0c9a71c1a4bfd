"""Bring an interval's new rows and labels into the warehouse."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sluss.sources.source import in_place, source_of

if TYPE_CHECKING:
    from sluss.context import Context
    from sluss.interval import Interval


@dataclass(frozen=True)
class GeneratedData:
    """How much reached the warehouse."""

    rows: int
    labels: int
    in_place: bool = False  # they stand in the warehouse already


def generate(context: Context, interval: Interval) -> GeneratedData:
    """Replace the rows that arrive in the interval, and the labels that become known in it, in one transaction.

    An interval that has just ended is read once its rows have settled. What arrived later, such as a correction, stays.
    A table that is in the warehouse already is not touched.

    Raises:
        ConfigError: the source in the config cannot be read, or a table of someone else stands in the way.
        DataError: the data is damaged or cannot be fetched.
        ServiceError: the warehouse or the source does not answer.
    """
    _let_settle(context, interval)
    if in_place(context) is not None:
        return GeneratedData(0, 0, in_place=True)
    name, source = context.use_case.name, source_of(context)
    # The first batch is read before the warehouse is opened: a source that fails leaves no trace there.
    rows = iter(source.rows(interval))
    first = list(itertools.islice(rows, 1))
    with context.warehouse() as warehouse:
        brought = warehouse.replace(f"{name}_rows", itertools.chain(first, rows), "arrived_at", interval)
        labels = warehouse.replace(f"{name}_labels", source.labels(interval), "label_time", interval)
    return GeneratedData(brought, labels)


def _let_settle(context: Context, interval: Interval) -> None:
    settling = context.use_case.source.settling
    left = interval.end + settling - datetime.now(UTC)
    if timedelta() < left <= settling:
        time.sleep(left.total_seconds())
