"""Take an interval's rows and labels from the warehouse to the lake; rows that break the schema go to quarantine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sluss.curation.column_figures import arrivals
from sluss.curation.dataset_run import Content, describe_table, record, run_name
from sluss.curation.extract import Query, extract
from sluss.curation.limits import check_intervals, limit_bad, require_rows
from sluss.curation.schema import label_columns, row_columns
from sluss.interval import Interval, partitions
from sluss.storage.point_in_time import ARRIVED, with_supersession
from sluss.tracking.interval_runs import look

if TYPE_CHECKING:
    import pyarrow as pa

    from sluss.context import Context
    from sluss.curation.extract import Extract
    from sluss.problems.judging import Judging
    from sluss.storage.lake import Lake


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


def curate(context: Context, interval: Interval) -> CuratedData:
    """Replace the interval's partitions of `curated`, `labels` and `quarantine` by all rows that have arrived by now.

    Rows are kept as they arrived, including late and corrected ones; a reader chooses the moment whose state it needs.
    Nothing is written unless both rows and labels are within the limits. Each span has one run in MLflow.

    Raises:
        ConfigError: a query is missing or wrong, or the interval does not fit the partitions.
        DataError: the warehouse has no rows, too many are bad, or the interval violates a limit of the config.
        ServiceError: the warehouse, the lake or MLflow does not answer.
    """

    use_case = context.use_case
    client = context.client
    span = partitions(interval, use_case.unit)
    with ThreadPoolExecutor() as pool:  # MLflow and the lake work in parallel
        seen = pool.submit(look, context.settings, client, use_case.data_experiment, run_name(interval, use_case))
        opened = pool.submit(context.lake.holding, "quarantine", "labels", "curated")
        rows, labels = _extracts(context, interval)
        require_rows(rows, use_case, interval)
        for extract in (rows, labels):
            limit_bad(extract, use_case, interval)
        check_intervals(rows.good, use_case, interval)
        lake = opened.result()
        curated, known = with_supersession(rows.good), _stored(labels.good, context.problem.judging)
        looks = (
            pool.submit(describe_table, lake, "curated", curated, row_columns(use_case.curation.columns)),
            pool.submit(describe_table, lake, "labels", known, label_columns(use_case)),
        )
        versions = _write(lake, (curated, known), (rows.bad, labels.bad), span)
        counts = {"bad_rows": rows.bad.num_rows, "bad_labels": labels.bad.num_rows} | arrivals(curated, use_case.unit)
        data = (
            replace(looks[0].result(), version=versions[0]),
            replace(looks[1].result(), version=versions[1]),
        )
        run_id = record(context, interval, Content(data, counts), seen.result())
    return CuratedData(
        len(curated), len(known), rows.bad.num_rows, labels.bad.num_rows, versions[0], versions[1], run_id
    )


def _extracts(context: Context, interval: Interval) -> tuple[Extract, Extract]:

    use_case = context.use_case
    columns = row_columns(use_case.curation.columns)
    rows_file, labels_file = (context.settings.config_dir / f"{use_case.name}{end}.sql" for end in ("", "_labels"))
    rows = Query("row", rows_file, columns, "event_time", ARRIVED)
    labels = Query("label", labels_file, label_columns(use_case), "label_time", "label_time")
    with context.warehouse() as warehouse:
        return (
            extract(warehouse, rows, interval, use_case.unit),
            extract(warehouse, labels, interval, use_case.unit),
        )


def _stored(labels: pa.Table, judging: Judging) -> pa.Table:
    place = labels.schema.get_field_index("label")
    return labels.set_column(place, "label", judging.stored(labels["label"]))


def _write(
    lake: Lake, good: tuple[pa.Table, pa.Table], bad: tuple[pa.Table, pa.Table], span: tuple[str, str]
) -> tuple[int, int]:
    """Replace the partitions, and return the versions of `curated` and `labels`.

    `curated` comes last: a reader that finds new rows there finds their labels, too.
    """
    import pyarrow as pa

    put_aside = pa.concat_tables(bad)
    if put_aside.num_rows or lake.table("quarantine") is not None:
        lake.replace("quarantine", put_aside, *span)
    curated, labels = good
    labels_version = lake.replace("labels", labels, *span)
    return lake.replace("curated", curated, *span), labels_version
