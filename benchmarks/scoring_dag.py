"""The scoring DAG of five tasks, beside an empty one of the same shape, on the scheduler of the stack that is up."""

import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import httpx
from measuring import ROOT, Bench, BenchmarkError, Line

sys.path.insert(0, str(ROOT / "scripts"))
import stack_env

OURS, EMPTY = "sentiment_scoring", "benchmark_empty"
_FILE = ROOT / "dags" / f"{EMPTY}.py"
_DAY = datetime(2026, 1, 6, tzinfo=UTC)  # its interval is 5 January, a usual day
_CODE = f'''"""Written by benchmarks/scoring_dag.py, and removed by it."""

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
    """From the start of a run to its end, as Airflow notes them; both DAGs take turns."""
    with _api() as api, _empty_dag(api):
        bar = bench.progress.add_task("Running DAGs in the stack", total=2 * bench.rounds + 2)
        took: dict[str, list[float]] = {OURS: [], EMPTY: []}
        for turn in range(bench.rounds + 1):
            for name, seconds in took.items():
                seconds.append(_run(api, name, _DAY + timedelta(microseconds=time.time_ns() % 10**9)))
                bench.progress.advance(bar)
            if turn == 0:  # the first brings in the day and the model
                took = {name: [] for name in took}
    ours, empty = median(took[OURS]), median(took[EMPTY])
    return [Line("scoring_dag", "five tasks, start to end", ours, empty, limit=1.5)]


@contextmanager
def _api() -> Iterator[httpx.Client]:
    """A client of the stack's Airflow, logged in.

    Raises:
        BenchmarkError: the stack is not up.
    """
    values = stack_env.settings()
    address = f"http://localhost:{values['AIRFLOW_PORT']}"
    login = {"username": values["AIRFLOW_ADMIN_USER"], "password": values["AIRFLOW_ADMIN_PASSWORD"]}
    with httpx.Client(base_url=address, timeout=60) as client:
        try:
            token = client.post("/auth/token", json=login).raise_for_status().json()["access_token"]
        except httpx.HTTPError as error:
            raise BenchmarkError(f"the stack does not answer at {address} ({error}): 'make up' starts it") from error
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


@contextmanager
def _empty_dag(api: httpx.Client) -> Iterator[None]:
    _FILE.write_text(_CODE, encoding="utf-8")
    try:
        _wait(lambda: api.get(f"/api/v2/dags/{EMPTY}").is_success, "Airflow does not find the empty DAG")
        yield
    finally:
        _FILE.unlink()


def _run(api: httpx.Client, dag: str, logical_date: datetime) -> float:
    """Seconds of one run that is triggered by hand."""
    runs = f"/api/v2/dags/{dag}/dagRuns"
    started = api.post(runs, json={"logical_date": logical_date.isoformat()}).raise_for_status().json()
    path = f"{runs}/{urllib.parse.quote(started['dag_run_id'])}"
    run: dict[str, Any] = {}

    def ended() -> bool:
        run.update(api.get(path).raise_for_status().json())
        return run["state"] in {"success", "failed"}

    _wait(ended, f"a run of {dag} does not end")
    if run["state"] == "failed":
        raise BenchmarkError(f"a run of {dag} failed; train and deploy a model first: make train deploy")
    start, end = (datetime.fromisoformat(run[name]) for name in ("start_date", "end_date"))
    return (end - start).total_seconds()


def _wait(condition: Callable[[], bool], problem: str, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise BenchmarkError(f"{problem} within {seconds:.0f} seconds")
        time.sleep(0.25)
