"""Bring an interval's new rows and labels into the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.sources.source import source_of

if TYPE_CHECKING:
    from sluss.context import Context
    from sluss.interval import Interval


@dataclass(frozen=True)
class GeneratedData:
    """How much reached the warehouse."""

    rows: int
    labels: int


def generate(context: Context, interval: Interval) -> GeneratedData:
    """Replace the rows that arrive in the interval, and the labels that become known in it, in one transaction.

    What arrived later, such as a correction, stays.

    Raises:
        ConfigError: the source in the config cannot be read.
        DataError: the interval has no rows, or the data is damaged or cannot be fetched.
        ServiceError: the warehouse does not answer.
    """
    name, source = context.use_case.name, source_of(context)
    rows, labels = source.rows(interval), source.labels(interval)
    with context.warehouse() as warehouse:
        warehouse.replace(f"{name}_rows", rows, "arrived_at", interval)
        warehouse.replace(f"{name}_labels", labels, "label_time", interval)
    return GeneratedData(rows.num_rows, labels.num_rows)
