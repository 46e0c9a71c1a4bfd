"""The monitor's own run in MLflow: one for each interval, whatever is run again.

A run starts at the interval's start and ends at its end, so the pages of MLflow read as a calendar. Its figures are
sealed by a digest: a step that finds a finished run with the same digest has nothing to do, and a run with other
figures, or one that was never finished, is replaced.
"""

import json
import tempfile
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.hub.tracking import connect, experiment_id, reachable
from tasks.shared.errors import DataError
from tasks.shared.interval import Interval, partition
from tasks.shared.settings import Settings
from tasks.shared.use_case import UseCase

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

INTERVAL_TAG = "sluss.interval"
_DIGEST_TAG, _CREATED_TAG = "sluss.figures", "sluss.created"


@dataclass(frozen=True, slots=True)
class Record:
    """What the monitor logs about one interval."""

    metrics: dict[str, float]
    tags: dict[str, str]
    files: dict[str, str]  # text by file name

    @property
    def digest(self) -> str:
        """The same for the same figures."""
        return sha256(json.dumps([self.metrics, self.tags, self.files], sort_keys=True).encode()).hexdigest()


def record(settings: Settings, use_case: UseCase, interval: Interval, content: Record) -> str:
    """Log the interval's figures and return the run's id.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    client = connect(settings)
    experiment = experiment_id(settings, client, use_case.monitoring_experiment)
    name = partition(interval.start, use_case.unit)
    with reachable(settings):
        runs = _runs(client, experiment, name)
        if not any(_finished(run, content) for run in runs):
            start = round(interval.start.timestamp() * 1000)
            client.create_run(experiment, start, _tags(name, content), run_name=name)
            runs = _runs(client, experiment, name)  # another step may be doing the same: both keep the older run
        kept = min((run for run in runs if _same(run, content)), key=lambda run: not _finished(run, content))
        for run in runs:
            if run is not kept:
                client.delete_run(run.info.run_id)
        if not _finished(kept, content):
            _log(client, kept.info.run_id, interval, content)
    return str(kept.info.run_id)


def run_of(settings: Settings, use_case: UseCase, interval: Interval) -> tuple["MlflowClient", str]:
    """The interval's run, and the client to log to it.

    Raises:
        DataError: the interval was not monitored.
    """
    client = connect(settings)
    experiment = experiment_id(settings, client, use_case.monitoring_experiment)
    name = partition(interval.start, use_case.unit)
    with reachable(settings):
        runs = _runs(client, experiment, name)
    if not runs:
        raise DataError(
            f"The interval {interval} of {use_case.name} was not monitored, so there is nothing to tell. Monitor it "
            f"first: python tasks/monitor_model.py --use-case {use_case.name} --interval {name}."
        )
    return client, str(runs[0].info.run_id)


def _runs(client: "MlflowClient", experiment: str, name: str) -> "list[Run]":
    found = client.search_runs([experiment], f"tags.`{INTERVAL_TAG}` = '{name}'")
    return sorted(found, key=lambda run: (run.data.tags.get(_CREATED_TAG, ""), run.info.run_id))


def _same(run: "Run", content: Record) -> bool:
    return bool(run.data.tags.get(_DIGEST_TAG) == content.digest)


def _finished(run: "Run", content: Record) -> bool:
    return bool(run.info.status == "FINISHED") and _same(run, content)


def _log(client: "MlflowClient", run_id: str, interval: Interval, content: Record) -> None:
    from mlflow.entities import Metric

    end = round(interval.end.timestamp() * 1000)
    with tempfile.TemporaryDirectory() as folder:
        for file, text in content.files.items():
            Path(folder, file).write_text(text, encoding="utf-8")
        client.log_artifacts(run_id, folder)
    # A fixed time and step: logged twice, the store keeps one value.
    client.log_batch(run_id, metrics=[Metric(key, value, end, 0) for key, value in content.metrics.items()])
    client.set_terminated(run_id, end_time=end)


def _tags(name: str, content: Record) -> dict[str, str]:
    return content.tags | {INTERVAL_TAG: name, _DIGEST_TAG: content.digest, _CREATED_TAG: f"{time.time_ns():020d}"}
