"""The present state of one use case, as its tables in the lake have it. MLflow is not asked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluss.alerting.show import Line, list_alerts, listing
from sluss.control_room.days import Day, brief
from sluss.monitoring.tables import CURATED, LABELS, MONITORING, PREDICTIONS, read_monitored
from sluss.registry import ledger
from sluss.registry.entry import clock_faults, verify
from sluss.storage.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.alerting.life import Life
    from sluss.context import Context
    from sluss.registry.entry import Entry


@dataclass(frozen=True)
class Standing:
    """The state of a use case at a moment."""

    at: datetime
    entries: tuple[Entry, ...] = ()  # of the ledger, the oldest first
    faults: tuple[str, ...] = ()  # of the ledger, a sentence each
    scored: str | None = None  # the newest scored interval
    day: Day | None = None  # the newest monitored interval
    measured: Day | None = None  # the newest one with a metric
    alerts: tuple[Line, ...] = ()  # the open ones, the most severe and oldest first
    undelivered: tuple[str, ...] = ()  # receivers that do not get their messages, a sentence each
    without_rows: tuple[str, ...] = ()  # scored intervals that `curated` does not have, the oldest first
    without_history: bool = False  # whether `curated` has no row from before the first live interval
    without_labels: bool = False  # whether the table `labels` is missing
    gone: tuple[str, ...] = ()  # tables that were there
    begun_anew: tuple[str, ...] = ()  # tables that were lost, and written since


def read_standing(context: Context, open_alerts: Sequence[Life] | None = None) -> Standing:
    """Read the state of a use case.

    Args:
        context: settings and use case.
        open_alerts: if they were read before. To find them, all intervals since the oldest of them are read.

    Raises:
        ServiceError: the lake does not answer.
    """
    lake, use_case = context.lake, context.use_case
    live = use_case.unit.partition(use_case.first_live)
    with ThreadPoolExecutor(4) as pool:
        entries = pool.submit(ledger.read, lake)
        listed = (
            pool.submit(list_alerts, context) if open_alerts is None else pool.submit(listing, context, open_alerts)
        )
        scored, curated = pool.submit(lake.partitions, PREDICTIONS), pool.submit(lake.partitions, CURATED)
        labels = pool.submit(lake.table, LABELS)
        gone, anew = pool.submit(lost_tables, lake), pool.submit(lake.known.begun_anew)
        day = _newest(lake)
    found = entries.result()
    return Standing(
        at=datetime.now(UTC),
        entries=tuple(found),
        faults=(*verify(found), *clock_faults(found)),
        scored=max(scored.result(), default=None),
        without_rows=tuple(sorted(scored.result() - curated.result())),
        without_history=not any(each < live for each in curated.result()),
        without_labels=labels.result() is None,
        gone=gone.result(),
        begun_anew=tuple(sorted(anew.result())),
        day=day,
        measured=_measured(lake, day),
        alerts=listed.result().lines,
        undelivered=listed.result().problems,
    )


def lost_tables(lake: Lake) -> tuple[str, ...]:
    """Return the tables that were written at some time and do not exist.

    Raises:
        DataError: only the log of one is gone.
    """
    # A table that is open already, as in the control room, does not notice that it was deleted.
    fresh = Lake(lake.settings, lake.use_case)
    return tuple(sorted(name for name in lake.known.without_log() if fresh.table(name) is None))


def _newest(lake: Lake) -> Day | None:
    name = lake.newest(MONITORING)
    found = read_monitored(lake, first=name, last=name) if name else []
    return brief(found[0]) if found else None


def _measured(lake: Lake, newest: Day | None) -> Day | None:
    """Return the newest interval with a metric: after a promotion, the first ones have no labels yet."""
    if newest is None or newest.quality is not None:
        return newest
    before = lake.newest(MONITORING, newest.interval)
    found = [brief(each) for each in read_monitored(lake, first=before, last=before)] if before else []
    return next((day for day in found if day.quality is not None), newest)
