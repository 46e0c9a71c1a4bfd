"""Take an interval's rows and labels from the warehouse to the lake; rows that break the schema go to quarantine."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sluss.curation.dataset_run import Content, describe_table, record, run_name
from sluss.curation.extract import quarantined
from sluss.curation.good_rows import Curated, GoodRows, write_table
from sluss.curation.limits import check_intervals, limit_ahead, limit_bad, limit_shared_ids, needs_rows, require_rows
from sluss.curation.origin import read_labels, read_rows
from sluss.curation.repeats import ids_elsewhere, separate_early, separate_repeated, separate_returning
from sluss.interval import Interval, partition, partitions
from sluss.tracking.interval_runs import look

if TYPE_CHECKING:
    from sluss.context import Context
    from sluss.curation.column_figures import Description
    from sluss.curation.extract import Extract
    from sluss.storage.lake import Lake
    from sluss.tracking.interval_runs import Seen


@dataclass(frozen=True)
class CuratedData:
    """The number of curated and bad rows and labels, the versions of both tables, and the run."""

    rows: int
    labels: int
    bad_rows: int
    bad_labels: int
    version: int
    labels_version: int
    run_id: str
    repeated_ids: int = 0  # rows whose id was in an earlier interval
    empty_columns: tuple[str, ...] = ()  # columns without a value in any row


def curate(context: Context, interval: Interval) -> CuratedData:
    """Replace the interval's partitions of `curated`, `labels` and `quarantine` by all rows that have arrived by now.

    Rows are kept as they arrived, including late and corrected ones; a reader chooses the moment whose state it needs.
    Nothing is written unless both rows and labels are within the limits. Each span has one run in MLflow.

    Raises:
        ConfigError: a query is missing or wrong, or the interval does not fit the partitions.
        DataError: the warehouse has no rows, too many are bad, or the interval violates a limit of the config.
        ServiceError: the warehouse, the lake or MLflow does not answer.
    """
    use_case, client = context.use_case, context.client
    partitions(interval, use_case.unit)  # refuses an interval that does not fit, before anything is read
    with ThreadPoolExecutor() as pool:  # MLflow and the lake work in parallel
        seen = pool.submit(look, context.settings, client, use_case.data_experiment, run_name(interval, use_case))
        opened = pool.submit(context.lake.holding, "quarantine", "labels", "curated")
        rows = read_rows(context, interval)
        with closing(rows.good):
            labels = read_labels(context, interval)
            with closing(labels.good):
                return _finish(context, interval, (rows, labels), (seen, opened))


def _finish(
    context: Context, interval: Interval, extracts: tuple[Extract, Extract], work: tuple[Future[Seen], Future[Lake]]
) -> CuratedData:
    """Compare the rows with each other, keep to the limits, and write."""
    rows, labels = extracts
    require_rows(rows, labels, context.use_case, interval)
    lake = work[1].result()
    repeated_ids = _compare(context, interval, extracts, lake)
    for extract in extracts:
        limit_bad(extract, context.use_case, interval)
    limit_shared_ids(rows, context.use_case, interval)
    limit_ahead(rows, context.use_case, interval, lake)
    if rows.total or not labels.total or needs_rows(context.use_case, interval):
        check_intervals(rows, context.use_case, interval)
    written = _write(context, lake, extracts, partitions(interval, context.use_case.unit))
    curated, known = written.curated, written.labels
    data = (
        describe_table(lake, "curated", curated, written.version),
        describe_table(lake, "labels", known, written.labels_version),
    )
    counts: dict[str, float] = {
        "bad_rows": rows.bad_rows,
        "bad_labels": labels.bad_rows,
        "late_rows": written.late,
        "corrected_rows": curated.corrected,
        "repeated_ids": repeated_ids,
    }
    run_id = record(context, interval, Content(data, counts), work[0].result())
    return CuratedData(
        curated.rows + curated.corrected,
        known.rows,
        rows.bad_rows,
        labels.bad_rows,
        written.version,
        written.labels_version,
        run_id,
        repeated_ids,
        curated.empty_columns,
    )


def _compare(context: Context, interval: Interval, extracts: tuple[Extract, Extract], lake: Lake) -> int:
    """Separate what only shows between rows, and return how many bear an id of an earlier interval."""
    use_case, (rows, labels) = context.use_case, extracts
    for extract in extracts:
        separate_repeated(extract)
    first = partition(interval.start - timedelta(days=use_case.training.window_days), use_case.unit)
    elsewhere = ids_elsewhere(lake, rows, first, partitions(interval, use_case.unit))
    found = separate_returning(rows, elsewhere, quarantine=use_case.curation.repeated_ids == "quarantine")
    separate_early(labels, rows)
    return found


@dataclass(frozen=True)
class _Written:
    curated: Description
    labels: Description
    version: int
    labels_version: int
    late: int


def _write(context: Context, lake: Lake, extracts: tuple[Extract, Extract], span: tuple[str, str]) -> _Written:
    """Replace the partitions, and return the versions of `curated` and `labels`.

    `curated` comes last: a reader that finds new rows there finds their labels, too.
    """
    import pyarrow as pa

    rows, labels = extracts
    put_aside = pa.concat_tables([quarantined("row", []), *rows.bad, *labels.bad])
    if put_aside.num_rows or lake.table("quarantine") is not None:
        lake.replace("quarantine", put_aside, *span)
    known = GoodRows(context.problem.judging)
    labels_version, described = write_table(lake, "labels", labels, span, known)
    curated = Curated(context.use_case.unit)
    version, counted = write_table(lake, "curated", rows, span, curated)
    return _Written(counted, described, version, labels_version, curated.late)
