"""The limits of a whole interval: number of rows, share of bad rows, age."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.curation.extract import ahead
from sluss.errors import DataError, printable
from sluss.interval import Interval, intervals, partition

if TYPE_CHECKING:
    from sluss.config.curation import Curation
    from sluss.config.use_case import UseCase
    from sluss.curation.extract import Extract
    from sluss.storage.lake import Lake

_MOST_OF_ONE_ID = 10  # rows of one partition that bear one id at different times: the first and its corrections


def require_rows(rows: Extract, labels: Extract, use_case: UseCase, interval: Interval) -> None:
    """Check that the interval has rows, or labels at least; with `min_rows: 0` it may have neither.

    Raises:
        DataError: the warehouse has no row of the interval.
    """
    if rows.total or labels.total or use_case.curation.min_rows == 0:
        return
    which = f"--interval {partition(interval.start, use_case.unit)}"
    if interval == use_case.history:
        which = "--history"
    raise DataError(
        f"The warehouse has no rows of {use_case.name} for {interval}. "
        f"Bring them first: python tasks/generate_data.py --use-case {use_case.name} {which}"
    )


def limit_bad(extract: Extract, use_case: UseCase, interval: Interval) -> None:
    """Check the share of bad rows.

    Raises:
        DataError: it exceeds `max_bad_share`; the message shows three of the rows.
    """
    bad, total = extract.bad_rows, extract.total
    limit = use_case.curation.max_bad_share
    if bad <= limit * total:
        return
    shown = [row for part in extract.bad for row in part.slice(0, 3).to_pylist()][:3]
    examples = [f"{printable(row['id'])}: {row['reason']}" for row in shown]
    raise DataError(
        f"{bad} of {total} {extract.kind}s for {interval} are bad, more than {limit:.0%}, so nothing was written "
        f"({'; '.join(examples)}). Mend the source, or raise curation.max_bad_share in config/{use_case.name}.yaml."
    )


def needs_rows(use_case: UseCase, interval: Interval) -> bool:
    """Whether labels alone are too little: `min_rows` asks for rows, until scoring ends."""
    end = use_case.end_live
    return bool(use_case.curation.min_rows) and (end is None or interval.start < end)


def limit_shared_ids(rows: Extract, use_case: UseCase, interval: Interval) -> None:
    """Check that ids tell rows apart: of rows that share one, the last arrival hides the others.

    Raises:
        DataError: too many rows share their id with many rows of other times; a row is not corrected that often.
    """
    shared, most = rows.keys.shared(_MOST_OF_ONE_ID)
    limit = use_case.curation.max_bad_share
    if shared <= limit * rows.good.rows:
        return
    raise DataError(
        f"{counted(shared, 'row')} of {rows.good.rows:,} for {interval} share their id with rows of other times, up to "
        f"{most:,} one id, so nothing was written: only the last row of each id would count. Give source.id columns "
        f"that tell rows apart, or raise curation.max_bad_share in config/{use_case.name}.yaml."
    )


def limit_ahead(rows: Extract, use_case: UseCase, span: Interval, lake: Lake) -> None:
    """Check that rows do not arrive before their event, unless those of the interval before did, as bookings do.

    Raises:
        DataError: too many do.
    """
    limit = use_case.curation.max_bad_share
    if span.start < use_case.first_live or rows.ahead <= limit * rows.good.rows:
        return
    before = lake.newest("curated", before=partition(span.start, use_case.unit))
    dataset = None if before is None else lake.dataset("curated", first=before, last=before)
    if dataset is None:
        return
    with lake.reachable():
        usual = dataset.to_table(["event_time", "arrived_at"])
    if ahead(usual["event_time"], usual["arrived_at"]) > limit * usual.num_rows:
        return
    raise DataError(
        f"{rows.ahead:,} of {counted(rows.good.rows, 'row')} for {span} arrived before their event, which those of "
        f"{before} did not: times are in another zone, or the source's clock is ahead. Nothing was written. Correct "
        f"the times, or raise curation.max_bad_share in config/{use_case.name}.yaml."
    )


def check_intervals(rows: Extract, use_case: UseCase, span: Interval) -> None:
    """Check that each interval of the span has enough good rows, not too many, and recent ones.

    Raises:
        DataError: fewer than `min_rows`, more than `max_rows`, or the newest is older than `max_age_hours`.
    """
    if use_case.curation.min_rows is use_case.curation.max_rows is use_case.curation.max_age_hours is None:
        return
    for interval in intervals(span, use_case.unit):
        name = partition(interval.start, use_case.unit)
        fault = _fault(rows.counts[name], rows.newest.get(name), interval, use_case.curation)
        if fault:
            raise DataError(f"{interval} has {fault} in config/{use_case.name}.yaml.")


def _fault(rows: int, newest: datetime | None, interval: Interval, rules: Curation) -> str | None:
    if rules.min_rows is not None and rows < rules.min_rows:
        return (
            f"{counted(rows, 'good row')}, fewer than {rules.min_rows}, so nothing was written. See whether the source "
            "has stopped, or lower curation.min_rows"
        )
    if rules.max_rows is not None and rows > rules.max_rows:
        return (
            f"{counted(rows, 'good row')}, more than {rules.max_rows}, so nothing was written. See whether the query "
            "doubles rows, or raise curation.max_rows"
        )
    hours = rules.max_age_hours
    if newest and hours is not None and newest < interval.end - timedelta(hours=hours):
        return (
            f"no row after {newest:%Y-%m-%d %H:%M} UTC, more than {counted(hours, 'hour')} before its end, so nothing "
            "was written. See whether the source has stopped, or raise curation.max_age_hours"
        )
    return None
