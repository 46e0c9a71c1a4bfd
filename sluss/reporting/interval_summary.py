"""The summary of an interval, kept with the monitor's run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.errors import DataError
from sluss.interval import Interval, partition
from sluss.monitoring.monitor_run import run_of
from sluss.monitoring.tables import read_monitored
from sluss.reporting.summary import summary_text
from sluss.tracking.interval_runs import log_texts

if TYPE_CHECKING:
    from sluss.context import Context


@dataclass(frozen=True)
class IntervalSummary:
    """The page, and the run that keeps it."""

    text: str  # Markdown
    run_id: str


def summarise_interval(context: Context, interval: Interval) -> IntervalSummary:
    """Write the interval's summary and keep it as `summary.md` with the monitor's run.

    Raises:
        DataError: the interval was not monitored.
        ServiceError: the lake or MLflow does not answer.
    """

    use_case = context.use_case
    lake, name = context.lake, partition(interval.start, use_case.unit)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(run_of, context, interval)
        monitored = read_monitored(lake, first=name, last=name)
    if not monitored:
        raise DataError(
            f"The interval {interval} of {use_case.name} was not monitored, so it has no summary. "
            f"Monitor it first: python tasks/monitor_model.py --use-case {use_case.name} --interval {name}."
        )
    text, kept = summary_text(use_case, interval, monitored[0].summary, monitored[0].alerts), found.result()
    with context.reachable():
        log_texts(context.settings, kept, {"summary.md": text})
    return IntervalSummary(text, str(kept.info.run_id))
