"""The scoring DAG of five tasks, beside an empty one of the same shape, on the scheduler of the stack that is up."""

from __future__ import annotations

import sys
from contextlib import contextmanager

import httpx
from measuring import ROOT, Bench, BenchmarkError, Line
from scoring_dag import EMPTY, EMPTY_DAG, compare, wait

sys.path.insert(0, str(ROOT / "scripts"))
from typing import TYPE_CHECKING

import stack_env

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE = ROOT / "dags" / f"{EMPTY}.py"


def measure(bench: Bench) -> list[Line]:
    """Both DAGs take turns. A day that was scored before is scored again."""
    with _api() as api, _empty_dag(api), _no_training(api):
        ours, empty = compare(api, bench)
    return [Line("scoring_in_stack", "five tasks, start to end", ours, empty, limit=2.0)]


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
def _no_training(api: httpx.Client) -> Iterator[None]:
    """The labels that ours brings start a training, which would run beside the baseline."""
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
    """Whether the empty DAG can be run; from an earlier benchmark Airflow still knows it, as a stale one."""
    found = api.get(f"/api/v2/dags/{EMPTY}")
    return found.is_success and not found.json()["is_stale"]
