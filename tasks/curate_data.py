"""Take an interval's rows and labels from the warehouse to the lake; rows that break the schema go to quarantine."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.shared.cli import chosen_interval, interval_parser, run_step
from tasks.shared.interval import Interval, partitions
from tasks.shared.settings import Settings
from tasks.shared.use_case import UseCase
from tasks.storage.lake import Lake
from tasks.storage.point_in_time import ARRIVED, with_supersession

if TYPE_CHECKING:
    from tasks.curation.extract import Extract


@dataclass(frozen=True)
class CuratedData:
    """What reached the lake, and the versions of the two tables that hold it."""

    rows: int
    labels: int
    bad_rows: int
    bad_labels: int
    version: int
    labels_version: int


def run(settings: Settings, use_case: UseCase, interval: Interval) -> CuratedData:
    """Replace the interval's partitions of `curated`, `labels` and `quarantine` by all that has arrived until now.

    Rows are kept as they arrived, late and corrected ones among them; readers say as of when they want to know. Nothing
    is written unless rows and labels are both good enough.

    Raises:
        ConfigError: a query is missing or wrong, or the interval does not fit the partitions.
        DataError: there are no rows, too many bad ones, or the interval breaks a limit of the config.
        ServiceError: the warehouse or the lake does not answer.
    """
    from tasks.curation.limits import check_intervals, limit_bad, require_rows

    span = partitions(interval, use_case.unit)
    rows, labels = _extracts(settings, use_case, interval)
    require_rows(rows, use_case, interval)
    for extract in (rows, labels):
        limit_bad(extract, use_case, interval)
    check_intervals(rows.good, use_case, interval)
    return _write(Lake(settings, use_case.name), rows, labels, span)


def _extracts(settings: Settings, use_case: UseCase, interval: Interval) -> "tuple[Extract, Extract]":
    from tasks.curation.extract import Query, extract
    from tasks.curation.schema import LABEL_COLUMNS, row_columns
    from tasks.storage.warehouse import open_warehouse

    columns = row_columns(use_case.curation.columns)
    rows_file, labels_file = (settings.config_dir / f"{use_case.name}{end}.sql" for end in ("", "_labels"))
    rows = Query("row", rows_file, columns, "event_time", ARRIVED)
    labels = Query("label", labels_file, LABEL_COLUMNS, "label_time", "label_time")
    with open_warehouse(settings) as warehouse:
        return (
            extract(warehouse, rows, interval, use_case.unit),
            extract(warehouse, labels, interval, use_case.unit),
        )


def _write(lake: Lake, rows: "Extract", labels: "Extract", span: tuple[str, str]) -> CuratedData:
    import pyarrow as pa
    import pyarrow.compute as pc

    bad = pa.concat_tables([rows.bad, labels.bad])
    if bad.num_rows or lake.table("quarantine") is not None:
        lake.replace("quarantine", bad, *span)
    labels_good = labels.good.set_column(2, "label", pc.cast(labels.good["label"], pa.int8()))
    labels_version = lake.replace("labels", labels_good, *span)
    version = lake.replace("curated", with_supersession(rows.good), *span)
    return CuratedData(
        rows.good.num_rows, labels_good.num_rows, rows.bad.num_rows, labels.bad.num_rows, version, labels_version
    )


def main() -> None:
    """Read the arguments, run the step, say what it did."""
    arguments = interval_parser("Check new rows and bring them to the lake.", history=True).parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        interval = chosen_interval(arguments, use_case)
        done = run(settings, use_case, interval)
        print(
            f"{interval}: {done.rows} good rows (curated, version {done.version}), {done.labels} labels, "
            f"{done.bad_rows + done.bad_labels} in quarantine."
        )

    run_step(arguments, step)


if __name__ == "__main__":
    main()
