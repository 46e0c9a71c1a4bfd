"""The scoring DAG of five tasks, relative to an empty one of the same shape, on the running stack's scheduler."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
from measuring import ROOT, Bench, BenchmarkError, Line
from scoring_dag import EMPTY, EMPTY_DAG, compare, wait

from sluss.stack import env_file

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE = ROOT / "dags" / f"{EMPTY}.py"


def measure(bench: Bench) -> list[Line]:
    """Measure both DAGs in turns. A day that was scored before is scored again."""
    with _api() as api, _empty_dag(api), _no_training(api):
        ours, empty = compare(api, bench)
    return [Line("scoring_in_stack", "five tasks, start to end", ours, empty, limit=2.0)]


@contextmanager
def _api() -> Iterator[httpx.Client]:
    """Return a client of the stack's Airflow that is logged in.

    Raises:
        BenchmarkError: the stack is not up.
    """
    values = env_file.settings()
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
def _no_training(api: httpx.Client) -> Iterator[None]:
    """Pause the training DAG: the labels of our runs would start it, and it would slow down the baseline."""
    path = "/api/v2/dags/sentiment_training"
    was_paused = api.get(path).raise_for_status().json()["is_paused"]
    api.patch(path, json={"is_paused": True}).raise_for_status()
    try:
        yield
    finally:
        api.patch(path, json={"is_paused": was_paused}).raise_for_status()


@contextmanager
def _empty_dag(api: httpx.Client) -> Iterator[None]:
    _FILE.write_text(EMPTY_DAG, encoding="utf-8")
    try:
        wait(lambda: _is_there(api), "Airflow does not find the empty DAG")
        yield
    finally:
        _FILE.unlink()


def _is_there(api: httpx.Client) -> bool:
    """Return whether the empty DAG can run. Airflow may list it as stale from an earlier benchmark."""
    found = api.get(f"/api/v2/dags/{EMPTY}")
    return found.is_success and not found.json()["is_stale"]
