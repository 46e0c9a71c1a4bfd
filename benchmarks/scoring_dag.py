"""The scoring DAG of five tasks, relative to an empty one of the same shape on the same scheduler."""

from __future__ import annotations

import time
import urllib.parse
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

import httpx
from local_airflow import local_airflow
from measuring import ROOT, Bench, BenchmarkError, Line, measured

if TYPE_CHECKING:
    from collections.abc import Callable

OURS, EMPTY = "sentiment_scoring", "benchmark_empty"
_FIRST = datetime(2026, 1, 2, tzinfo=UTC)  # the end of the first live interval
EMPTY_DAG = f'''"""The shape of the scoring DAG, without its work."""

from datetime import UTC, datetime

from airflow.sdk import dag, task


@dag(dag_id="{EMPTY}", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), max_active_runs=1)
def empty() -> None:
    @task
    def nothing() -> None:
        pass

    named = {{name: nothing.override(task_id=name)() for name in ("first", "second", "third", "left", "right")}}
    named["first"] >> named["second"] >> named["third"] >> [named["left"], named["right"]]


empty()
'''


def measure(bench: Bench) -> list[Line]:
    """Measure in an Airflow of the benchmark's own, so that every day is scored for the first time."""
    bar = bench.progress.add_task("Starting Airflow and training a model", total=None)
    with local_airflow(bench, EMPTY_DAG) as airflow, httpx.Client(base_url=airflow.address, timeout=60) as api:
        for step in (
            ("generate_data", "--history"),
            ("curate_data", "--history"),
            ("train_model", "--until", "2025-12-31"),
            ("deploy_model",),
        ):
            measured([ROOT / "tasks" / f"{step[0]}.py", *step[1:]], airflow.environment)
        api.headers["Authorization"] = f"Bearer {api.get('/auth/token').raise_for_status().json()['access_token']}"
        for name in (OURS, EMPTY):
            wait(lambda: api.get(f"/api/v2/dags/{name}").is_success, f"Airflow does not find {name}")  # noqa: B023
        # The training that our runs trigger would slow down the baseline.
        api.patch("/api/v2/dags/sentiment_training", json={"is_paused": True}).raise_for_status()
        bench.progress.update(bar, total=1, completed=1)
        ours, empty = compare(api, bench)
    return [Line("scoring_dag", "five tasks, start to end", ours, empty, limit=2.0)]


def compare(api: httpx.Client, bench: Bench) -> tuple[float, float]:
    """Return the median seconds from start to end of a run, by Airflow's record; ours scores day after day."""
    rounds = min(bench.rounds, 12)
    bar = bench.progress.add_task("Running DAGs", total=2 * rounds + 2)
    took: dict[str, list[float]] = {OURS: [], EMPTY: []}
    for day in range(rounds + 1):
        moment = _FIRST + timedelta(days=day, microseconds=time.time_ns() % 10**6)
        for name, seconds in took.items():
            seconds.append(_run(api, name, moment))
            bench.progress.advance(bar)
    # The first run creates the tables and experiments that all others find.
    return median(took[OURS][1:]), median(took[EMPTY][1:])


def _run(api: httpx.Client, dag: str, logical_date: datetime) -> float:
    """Trigger a run, and return its seconds."""
    runs = f"/api/v2/dags/{dag}/dagRuns"
    started = api.post(runs, json={"logical_date": logical_date.isoformat()}).raise_for_status().json()
    path = f"{runs}/{urllib.parse.quote(started['dag_run_id'])}"
    run: dict[str, Any] = {}

    def ended() -> bool:
        run.update(api.get(path).raise_for_status().json())
        return run["state"] in {"success", "failed"}

    wait(ended, f"a run of {dag} does not end")
    if run["state"] == "failed":
        raise BenchmarkError(f"the run of {dag} for {logical_date:%Y-%m-%d} failed")
    start, end = (datetime.fromisoformat(run[name]) for name in ("start_date", "end_date"))
    return (end - start).total_seconds()


def wait(condition: Callable[[], bool], problem: str, seconds: float = 180) -> None:
    """Poll four times a second until the answer is true.

    Raises:
        BenchmarkError: the time is over.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise BenchmarkError(f"{problem} within {seconds:.0f} seconds")
        time.sleep(0.25)
