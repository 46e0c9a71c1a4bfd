"""Rows of earlier intervals that arrived in this one: those intervals are curated again, and models learn of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sluss.curation.curate import curate
from sluss.errors import DataError
from sluss.interval import Interval, midnight
from sluss.sources.mapped_section import MappedSection
from sluss.sources.source import in_place
from sluss.storage.own_tables import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pyarrow as pa

    from sluss.context import Context

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class LateRows:
    """The number of rows that came late, and of the spans that were curated again for them."""

    rows: int
    spans: int


def curate_late(context: Context, interval: Interval) -> LateRows:
    """Curate the earlier intervals again, within the training window, whose rows arrived in this one.

    A span that violates a limit of the config stays as it was, which the log tells: this interval need not wait for it.

    Raises:
        ConfigError: a query is wrong.
        ServiceError: the warehouse, the lake or MLflow does not answer.
    """
    rows, starts = 0, set()
    unit = context.use_case.unit
    for batch in _late(context, interval):
        rows += batch.num_rows
        starts |= {unit.start_of(moment) for moment in batch["event_time"].to_pylist()}
    spans = list(_spans(context, starts))
    for span in spans:
        try:
            curate(context, span)
        except DataError as error:
            _LOG.warning("Late rows of %s are left out: %s", span, error)
    return LateRows(rows, len(spans))


def _spans(context: Context, starts: set[datetime]) -> Iterator[Interval]:
    """Adjoining intervals together, as each span costs three commits and a run."""
    first = None
    for start in sorted(starts):
        end = context.use_case.unit.after(start)
        first = first or start
        if end not in starts:
            yield Interval(first, end)
            first = None


def _late(context: Context, interval: Interval) -> Iterator[pa.RecordBatch]:
    import pyarrow.compute as pc

    use_case = context.use_case
    earliest = max(
        interval.start - timedelta(days=use_case.training.window_days),
        midnight(use_case.source.start, use_case.schedule_zone),
    )
    for batch in _arrived(context, interval, earliest):
        times = batch["event_time"]
        yield batch.filter(pc.and_(pc.greater_equal(times, earliest), pc.less(times, interval.start)))


def _arrived(context: Context, interval: Interval, earliest: datetime) -> Iterator[pa.RecordBatch]:
    """Rows that arrived in the interval, at least those of earlier events."""
    name = context.use_case.name
    if (context.settings.config_dir / f"{name}.sql").is_file():
        return  # a query of the use case's own knows no arrival
    if (source := in_place(context)) is not None:
        section = context.use_case.source
        if isinstance(section, MappedSection) and section.arrived_at is not None:
            yield from source.rows(interval)
        return
    table = f"{name}_rows"
    with context.warehouse() as warehouse:
        if warehouse.exists(table):
            yield from warehouse.select(
                f"SELECT event_time FROM {quoted(table)} WHERE arrived_at >= {literal(interval.start)} "  # noqa: S608 - quoted
                f"AND arrived_at < {literal(interval.end)} AND event_time >= {literal(earliest)} "
                f"AND event_time < {literal(interval.start)}",
                f"the table {table}",
            )
