"""Delete rows, runs and files past their retention. Models, and the data they were trained on, are kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sluss.interval import Interval, partition
from sluss.storage.lake import INTERVAL, Lake
from sluss.tracking.client import experiment_id
from sluss.tracking.processes import end_dead_runs

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase
    from sluss.context import Context

# Registered models name versions of `curated` and `labels`: their history must outlive any retention.
VACUUMED = ("predictions", "monitoring")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class CleanedUp:
    """The number of deleted partitions, runs and files, and of runs that were ended because their process died."""

    partitions: int
    runs: int
    files: int
    ended: int = 0


def clean_up(context: Context, interval: Interval) -> CleanedUp:
    """Apply the use case's retention, counted back from the interval's end. Idempotent.

    Raises:
        ServiceError: the lake or MLflow does not answer.
    """
    keep, lake = context.use_case.retention, context.lake
    with ThreadPoolExecutor(2) as pool:  # MLflow and the lake work in parallel
        ended = pool.submit(_end_dead_runs, context)
        runs = pool.submit(_delete_runs, context, interval.end - timedelta(days=keep.monitoring_runs_days))
        partitions = _delete_predictions(lake, context.use_case, interval.end - timedelta(days=keep.predictions_days))
        files = 0
        if _is_due(interval, keep.table_history_hours):
            files = sum(_vacuum(lake, table, keep.table_history_hours) for table in VACUUMED)
    return CleanedUp(partitions, runs.result(), files, ended.result())


def _end_dead_runs(context: Context) -> int:
    use_case, client = context.use_case, context.client
    names = (use_case.experiment, use_case.data_experiment, use_case.monitoring_experiment)
    with context.reachable():
        found = [client.get_experiment_by_name(name) for name in names]
        return end_dead_runs(client, [each.experiment_id for each in found if each])


def _is_due(interval: Interval, hours: int) -> bool:
    """Return whether this interval, of all in a span of so many hours, looks for files to delete.

    Looking reads the tables' logs. Files that may stay for a week can also wait a week for their deletion.
    """
    if hours == 0:
        return True
    span = timedelta(hours=hours)
    return (interval.end - EPOCH) // span > (interval.start - EPOCH) // span


def _nothing_is_so_old(use_case: UseCase, before: datetime) -> bool:
    # From the config alone, so that a young use case causes no requests.
    return before <= use_case.first_live


def _delete_predictions(lake: Lake, use_case: UseCase, before: datetime) -> int:
    if _nothing_is_so_old(use_case, before):
        return 0
    import pyarrow as pa

    oldest = partition(before, use_case.unit)
    table = lake.table("predictions")
    old = [] if table is None else [p[INTERVAL] for p in table.partitions() if p[INTERVAL] < oldest]
    if table is not None and old:
        # Replaced by no rows: one commit, whose span shows in the provenance like that of any other write.
        lake.replace("predictions", pa.schema(table.schema().to_arrow()).empty_table(), min(old), oldest)
    return len(old)


def _delete_runs(context: Context, before: datetime) -> int:
    if _nothing_is_so_old(context.use_case, before):
        return 0

    client = context.client
    experiment = experiment_id(context.settings, client, context.use_case.monitoring_experiment)
    started = round(before.timestamp() * 1000)  # a monitoring run starts at its interval's start
    with context.reachable():
        old = client.search_runs([experiment], f"attributes.start_time < {started}")
        for clean_up in old:
            client.delete_run(clean_up.info.run_id)
    return len(old)


def _vacuum(lake: Lake, name: str, hours: int) -> int:
    """Delete files that no version of the last hours needs; files of the newest version always stay.

    delta-rs lists a file for as long as the log mentions it, deleted or not, and records each vacuum as two new
    versions of the table. It is therefore called only if one of the files still exists.
    """
    from pyarrow.fs import FileType

    table = lake.table(name)
    # By default, delta-rs refuses to delete files younger than a week, for the sake of readers of old versions. The use
    # case's retention decides here.
    unneeded = table.vacuum(hours, dry_run=True, enforce_retention_duration=False) if table else []
    if table is None or not unneeded:
        return 0
    files = table.to_pyarrow_dataset().filesystem.get_file_info(unneeded)
    there: int = sum(file.type == FileType.File for file in files)
    if there:
        table.vacuum(hours, dry_run=False, enforce_retention_duration=False)
    return there
