"""The monitor's own run in MLflow: one for each interval, however often the step runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from sluss.errors import DataError
from sluss.interval import Interval, partition
from sluss.tracking.interval_runs import IntervalRun, Seen, keep_run, log_texts, look

if TYPE_CHECKING:
    from mlflow.entities import Run

    from sluss.context import Context


@dataclass(frozen=True, slots=True)
class Record:
    """The content of the monitor's run of one interval."""

    metrics: dict[str, float]
    tags: dict[str, str]
    files: dict[str, str]  # text by file name

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        # With sorted keys, so that a repeated step finds its own run unchanged.
        return sha256(json.dumps([self.metrics, self.tags, self.files], sort_keys=True).encode()).hexdigest()


def record_monitoring(context: Context, interval: Interval, content: Record, seen: Seen) -> str:
    """Log the interval's figures to its run, and return the run's id. `seen` are its runs, from `look`.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    client = context.client
    name = partition(interval.start, context.use_case.unit)
    run = IntervalRun(name, interval, content.digest, content.tags, content.metrics)
    with context.reachable():
        return keep_run(client, seen, run, lambda run: log_texts(context.settings, run, content.files))


def run_of(context: Context, interval: Interval) -> Run:
    """Return the interval's run.

    Raises:
        DataError: the interval was not monitored.
    """
    use_case = context.use_case
    name = partition(interval.start, use_case.unit)
    runs = look(context.settings, context.client, use_case.monitoring_experiment, name).runs
    if not runs:
        raise DataError(
            f"The interval {interval} of {use_case.name} was not monitored, so it has no summary. Monitor it "
            f"first: python tasks/monitor_model.py --use-case {use_case.name} --interval {name}."
        )
    return runs[0]
