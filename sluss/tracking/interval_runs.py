"""One run in MLflow for each interval, however often its step runs.

A run has the start and end time of its interval, so MLflow's pages read as a calendar. Its content is identified by a
digest. A step that finds a finished run with the same digest changes nothing; it replaces a run with another digest and
a run that was never finished.

MLflow has no unique key for runs, so two steps that work on the same interval at once can each create one. They agree
without a lock: each lists the runs again after creating its own, keeps the same one by the same rule (finished before
unfinished, then the oldest), and deletes the others.
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.schema import SCHEMA
from sluss.tracking.client import experiment_id, reachable
from sluss.tracking.processes import PROCESS_TAG, this_process
from sluss.tracking.safe_names import safe_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlflow import MlflowClient
    from mlflow.entities import Run

    from sluss.config.settings import Settings
    from sluss.interval import Interval

INTERVAL_TAG = "sluss.interval"
_DIGEST_TAG, _CREATED_TAG, _SCHEMA_TAG = "sluss.figures", "sluss.created", "sluss.schema"


@dataclass(frozen=True, slots=True)
class IntervalRun:
    """The run to keep: its name, unique in the experiment; the digest of its content; tags and metrics."""

    name: str
    interval: Interval
    digest: str
    tags: dict[str, str]
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """The runs of an interval in an experiment, the oldest first, at the time of the request."""

    experiment: str
    runs: list[Run]


def look(settings: Settings, client: MlflowClient, experiment: str, name: str) -> Seen:
    """Fetch an interval's runs in an experiment. A step calls it early, in parallel with the work that it will log.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    number = experiment_id(settings, client, experiment)
    with reachable(settings):
        return Seen(number, _runs(client, number, name))


def keep_run(client: MlflowClient, seen: Seen, wanted: IntervalRun, log: Callable[[Run], None]) -> str:
    """Make this run the only one of its name in the experiment, and return its id.

    Args:
        client: a connection to MLflow.
        seen: the runs of this name, from `look`.
        wanted: the run.
        log: called from another thread with the run, to log everything else; called again for an unfinished run.
    """
    from mlflow.entities import LifecycleStage
    from mlflow.exceptions import MlflowException

    kept = _agreed(client, seen, wanted)
    run_id = str(kept.info.run_id)
    if _finished(kept, wanted):
        return run_id
    try:
        _finish(client, kept, wanted, log)
    except MlflowException:
        # Another step has deleted this run while it was being logged. Continue with the run that all steps keep.
        if client.get_run(run_id).info.lifecycle_stage != LifecycleStage.DELETED:
            raise
        return keep_run(client, _again(client, seen, wanted), wanted, log)
    return run_id


def _agreed(client: MlflowClient, seen: Seen, wanted: IntervalRun) -> Run:
    """Return the run that all steps on this interval keep, after creating it if needed and deleting the others.

    A step that has seen only a newer run continues with it until it finds that another step deleted it.
    """
    if not any(_finished(run, wanted) for run in seen.runs):
        start = round(wanted.interval.start.timestamp() * 1000)
        client.create_run(seen.experiment, start, _tags(wanted), run_name=wanted.name)
    # Listed after creating, so the later of two steps sees both runs. The earlier one may see only its own, which is
    # older and thus the one that both keep.
    now = _again(client, seen, wanted)
    same = [run for run in now.runs if _same(run, wanted)]
    if not same:  # a step with other content has deleted this step's run
        return _agreed(client, now, wanted)
    # The runs are sorted by age and `min` returns the first of equals: a finished run, else the oldest.
    kept = min(same, key=lambda run: not _finished(run, wanted))
    for run in now.runs:
        if run is not kept:
            client.delete_run(run.info.run_id)
    return kept


def _finish(client: MlflowClient, run: Run, wanted: IntervalRun, log: Callable[[Run], None]) -> None:
    from mlflow.entities import Metric

    run_id = run.info.run_id
    end = round(wanted.interval.end.timestamp() * 1000)
    with ThreadPoolExecutor(1) as pool:
        logged = pool.submit(log, run)
        # With a fixed time and step, the store keeps one value of a metric that is logged twice.
        client.log_batch(
            run_id, metrics=[Metric(safe_name(name), value, end, 0) for name, value in wanted.metrics.items()]
        )
        logged.result()
    client.set_terminated(run_id, end_time=end)


def _again(client: MlflowClient, seen: Seen, wanted: IntervalRun) -> Seen:
    return Seen(seen.experiment, _runs(client, seen.experiment, wanted.name))


def _runs(client: MlflowClient, experiment: str, name: str) -> list[Run]:
    found = client.search_runs([experiment], f"tags.`{INTERVAL_TAG}` = '{name}'")
    # By the time of creation, from a tag: a run's start time in MLflow is its interval's, so it is equal for all of
    # them.
    return sorted(found, key=lambda run: (run.data.tags.get(_CREATED_TAG, ""), run.info.run_id))


def log_texts(settings: Settings, run: Run, texts: Mapping[str, str]) -> None:
    """Log texts, by file name, as artifacts of a run; one request less than MLflow's client, which looks up the URI."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    store = get_artifact_repository(run.info.artifact_uri, tracking_uri=settings.mlflow_uri)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        files = [Path(folder, file) for file in texts]
        for path, text in zip(files, texts.values(), strict=True):
            path.write_text(text, encoding="utf-8")
        list(pool.map(store.log_artifact, files))


def _same(run: Run, wanted: IntervalRun) -> bool:
    return bool(run.data.tags.get(_DIGEST_TAG) == wanted.digest)


def _finished(run: Run, wanted: IntervalRun) -> bool:
    return bool(run.info.status == "FINISHED") and _same(run, wanted)


def _tags(wanted: IntervalRun) -> dict[str, str]:
    return wanted.tags | {
        INTERVAL_TAG: wanted.name,
        _SCHEMA_TAG: str(SCHEMA),
        _DIGEST_TAG: wanted.digest,
        # Padded with zeros, because tags are compared as text.
        _CREATED_TAG: f"{time.time_ns():020d}",
        PROCESS_TAG: this_process().tag,
    }
