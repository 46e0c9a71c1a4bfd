"""Take an interval's rows and labels from the warehouse to the lake; rows that break the schema go to quarantine."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.shared.cli import chosen_interval, interval_parser, run_step
from tasks.shared.errors import ConfigError, DataError
from tasks.shared.interval import FORMAT, Interval, partition, partitions
from tasks.shared.settings import Settings
from tasks.shared.use_case import Column, UseCase
from tasks.storage.lake import INTERVAL, Lake
from tasks.storage.point_in_time import ARRIVED, with_supersession
from tasks.storage.schema import LABEL_COLUMNS, Checked, arrow_schema, check, row_columns
from tasks.storage.warehouse import Warehouse, open_warehouse

if TYPE_CHECKING:
    import pyarrow as pa

_QUARANTINE = (INTERVAL, "kind", "id", "reason", "row")  # all of them text; `row` is the row as it came, in JSON


@dataclass(frozen=True)
class CuratedData:
    """What reached the lake, and the versions of the two tables that hold it."""

    rows: int
    labels: int
    bad_rows: int
    bad_labels: int
    version: int
    labels_version: int


@dataclass(frozen=True)
class _Query:
    """An SQL file, what its rows must look like, the column that decides their partition, and when they arrived."""

    kind: str
    file: Path
    columns: dict[str, Column]
    time: str
    arrival: str
    interval: Interval
    use_case: UseCase


@dataclass(frozen=True)
class _Extract:
    """The rows of a query: good ones in the types of the config, bad ones as quarantine holds them."""

    kind: str
    good: "pa.Table"
    bad: "pa.Table"


def run(settings: Settings, use_case: UseCase, interval: Interval) -> CuratedData:
    """Replace the interval's partitions of `curated`, `labels` and `quarantine` by all that has arrived until now.

    Rows are kept as they arrived, late and corrected ones among them; readers say as of when they want to know. Nothing
    is written unless rows and labels are both good enough.

    Raises:
        ConfigError: a query is missing or wrong, or the interval does not fit the partitions.
        DataError: there are no rows, or too many bad ones.
        ServiceError: the warehouse or the lake does not answer.
    """
    span = partitions(interval, use_case.unit)
    columns = row_columns(use_case.curation.columns)
    rows_file, labels_file = (settings.config_dir / f"{use_case.name}{end}.sql" for end in ("", "_labels"))
    with open_warehouse(settings) as warehouse:
        rows = _extract(warehouse, _Query("row", rows_file, columns, "event_time", ARRIVED, interval, use_case))
        known = _Query("label", labels_file, LABEL_COLUMNS, "label_time", "label_time", interval, use_case)
        labels = _extract(warehouse, known)
    _require_rows(rows, use_case, interval)
    for extract in (rows, labels):
        _limit_bad(extract, use_case, interval)
    return _write(Lake(settings, use_case.name), rows, labels, span)


def _extract(warehouse: Warehouse, query: _Query) -> _Extract:
    import pyarrow as pa

    schema = arrow_schema(query.columns).insert(0, pa.field(INTERVAL, pa.string()))
    good, bad = [], [_quarantined(query.kind, [])]
    for batch in warehouse.read(query.file, query.interval):
        checked = check(batch, query.columns, str(query.file))
        _check_window(checked, query)
        passed, failed = _split(batch, checked, query)
        good.append(passed)
        bad += [failed] if failed.num_rows else []
    unique, repeated = _split_repeated(pa.Table.from_batches(good, schema), query)
    return _Extract(query.kind, unique, pa.concat_tables([*bad, repeated]))


def _check_window(checked: Checked, query: _Query) -> None:
    """The query is the user's own; one without its window would bring the future into the past."""
    import pyarrow.compute as pc

    times = checked.values[query.time]
    first, last = pc.min(times).as_py(), pc.max(times).as_py()
    if first and (first < query.interval.start or last >= query.interval.end):
        raise ConfigError(
            f"{query.file} gives rows outside {query.interval}. It must keep {query.time} >= $1 and < $2."
        )


def _split(batch: "pa.RecordBatch", checked: Checked, query: _Query) -> "tuple[pa.RecordBatch, pa.Table]":
    import pyarrow as pa
    import pyarrow.compute as pc

    unit = query.use_case.unit
    names = pc.strftime(checked.values[query.time], format=FORMAT[unit])
    names = pc.fill_null(names, partition(query.interval.start, unit))
    is_good = pc.equal(checked.reasons, "")
    values = pa.RecordBatch.from_arrays([names, *checked.values.columns], [INTERVAL, *checked.values.schema.names])
    if pc.all(is_good).as_py():
        return values, _quarantined(query.kind, [])
    is_bad = pc.invert(is_good)
    rows = batch.filter(is_bad).to_pylist()
    reasons = zip(names.filter(is_bad).to_pylist(), checked.reasons.filter(is_bad).to_pylist(), rows, strict=True)
    return values.filter(is_good), _quarantined(query.kind, list(reasons))


def _quarantined(kind: str, bad: list[tuple[str, str, dict[str, object]]]) -> "pa.Table":
    """Partition, reason and content of bad rows, as quarantine holds them."""
    import pyarrow as pa

    schema = pa.schema([(name, pa.string()) for name in _QUARANTINE])
    rows = [(name, kind, row["id"], reason, _as_json(row)) for name, reason, row in bad]
    columns = zip(*rows, strict=True) if rows else [() for _ in _QUARANTINE]
    return pa.table([pa.array([_as_text(value) for value in column], pa.string()) for column in columns], schema)


def _as_text(value: object) -> str | None:
    return None if value is None else str(value)


def _as_json(row: dict[str, object]) -> str:
    return json.dumps(row, default=str, ensure_ascii=False)


def _split_repeated(good: "pa.Table", query: _Query) -> "tuple[pa.Table, pa.Table]":
    """Keep one row of those with the same id and arrival in a partition: nothing says which of them is the later one.

    Rows of one id with different arrivals are corrections, and all of them are kept.
    """
    import pyarrow as pa

    keys = good.select([INTERVAL, "id", query.arrival]).to_pandas()
    is_repeated = keys.duplicated(keep="first").to_numpy()
    if not is_repeated.any():
        return good, _quarantined(query.kind, [])
    repeated = good.filter(pa.array(is_repeated)).to_pylist()
    bad = [(row.pop(INTERVAL), "id occurs more than once with the same arrival", row) for row in repeated]
    return good.filter(pa.array(~is_repeated)), _quarantined(query.kind, bad)


def _require_rows(rows: _Extract, use_case: UseCase, interval: Interval) -> None:
    if rows.good.num_rows + rows.bad.num_rows:
        return
    which = f"--interval {partition(interval.start, use_case.unit)}"
    if interval == use_case.history:
        which = "--history"
    raise DataError(
        f"The warehouse has no rows of {use_case.name} for {interval}. "
        f"Bring them first: python tasks/generate_data.py --use-case {use_case.name} {which}"
    )


def _limit_bad(extract: _Extract, use_case: UseCase, interval: Interval) -> None:
    bad, total = extract.bad.num_rows, extract.good.num_rows + extract.bad.num_rows
    limit = use_case.curation.max_bad_share
    if bad <= limit * total:
        return
    examples = [f"{row['id']}: {row['reason']}" for row in extract.bad.slice(0, 3).to_pylist()]
    raise DataError(
        f"{bad} of {total} {extract.kind}s for {interval} are bad, more than {limit:.0%}, so nothing was written "
        f"({'; '.join(examples)}). Mend the source, or raise curation.max_bad_share in config/{use_case.name}.yaml."
    )


def _write(lake: Lake, rows: _Extract, labels: _Extract, span: tuple[str, str]) -> CuratedData:
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
