"""Two workers, one of which dies, and a queue that restarts: every task still ends, with as few tries as can be."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from running import PROJECT, Stack, told, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.stack, pytest.mark.nightly, pytest.mark.usefixtures("trained")]


@pytest.fixture(scope="module")
def _one_again(stack: Stack) -> Iterator[None]:
    yield
    stack.scale("airflow-worker", 1)


@pytest.fixture
def two(stack: Stack, _one_again: None) -> dict[str, str]:
    """The names of two workers' containers, by the host names that Airflow shows; a test may have replaced them."""
    with told("until two workers run"):
        stack.scale("airflow-worker", 2)
    names = [f"{PROJECT}-airflow-worker-{number}" for number in (1, 2)]
    return {stack.docker("inspect", "--format", "{{.Config.Hostname}}", name).stdout.strip(): name for name in names}


@contextmanager
def mlflow_away(stack: Stack) -> Iterator[None]:
    """A task that asks MLflow waits meanwhile."""
    stack.docker("pause", f"{PROJECT}-mlflow-1")
    try:
        yield
    finally:
        stack.docker("unpause", f"{PROJECT}-mlflow-1")


def tasks(stack: Stack, run: str) -> dict[str, dict[str, Any]]:
    """The tasks of a run by name."""
    return {each["task_id"]: each for each in stack.airflow_api(f"{run}/taskInstances")["task_instances"]}


def training_that_waits(stack: Stack) -> str:
    """The run of a training whose first step waits for MLflow."""
    run = stack.trigger("sentiment_training", None, force=True)
    wait_for(lambda: tasks(stack, run)["train_model"]["state"] == "running", "train_model")
    time.sleep(2)
    return run


def test_both_workers_run_tasks(stack: Stack, two: dict[str, str]) -> None:
    runs = [stack.trigger("alerts", None) for _ in range(6)]
    assert {stack.ended(run)["state"] for run in runs} == {"success"}
    hosts = {task["hostname"] for run in runs for task in tasks(stack, run).values()}
    assert hosts == set(two)


def test_the_task_of_a_worker_that_dies_runs_again(stack: Stack, two: dict[str, str]) -> None:
    with mlflow_away(stack):
        run = training_that_waits(stack)
        host = tasks(stack, run)["train_model"]["hostname"]
        stack.docker("kill", two[host])
        with told("until Airflow misses the task of the killed worker"):
            wait_for(lambda: tasks(stack, run)["train_model"]["state"] != "running", "the end of its first try")
    with told("until it has run again"):
        assert stack.ended(run, 400)["state"] == "success"
    again = tasks(stack, run)["train_model"]
    assert again["try_number"] == 2
    assert again["hostname"] in set(two) - {host}
    stack.docker("start", two[host])


def test_a_worker_that_is_stopped_lets_a_short_task_end(stack: Stack, two: dict[str, str]) -> None:
    with mlflow_away(stack):
        run = training_that_waits(stack)
        host = tasks(stack, run)["train_model"]["hostname"]
        stack.docker("kill", "--signal", "TERM", two[host])
    assert stack.ended(run, 400)["state"] == "success"
    assert tasks(stack, run)["train_model"]["try_number"] == 1
    stack.docker("start", two[host])


def test_a_queue_that_is_killed_loses_no_message(stack: Stack, two: dict[str, str]) -> None:
    stack.docker("stop", *two.values())
    run = stack.trigger("alerts", None)
    wait_for(lambda: tasks(stack, run)["send_alerts"]["state"] == "queued", "send_alerts in the queue")
    time.sleep(3)
    stack.docker("kill", f"{PROJECT}-redis-1")
    stack.docker("start", f"{PROJECT}-redis-1")
    stack.wait_until_healthy("redis")
    stack.docker("start", *two.values())
    with told("a task that was queued when the queue was killed"):
        assert stack.ended(run)["state"] == "success"
    assert tasks(stack, run)["send_alerts"]["try_number"] == 1


def test_a_queue_that_is_away_for_a_while_costs_no_try(stack: Stack, two: dict[str, str]) -> None:
    assert len(two) == 2
    stack.docker("stop", f"{PROJECT}-redis-1")
    run = stack.trigger("alerts", None)
    time.sleep(45)
    stack.docker("start", f"{PROJECT}-redis-1")
    with told("a task that came while the queue was away"):
        assert stack.ended(run, 400)["state"] == "success"
    assert tasks(stack, run)["send_alerts"]["try_number"] == 1


def test_a_worker_without_its_queue_is_unhealthy_until_it_is_back(stack: Stack) -> None:
    stack.docker("pause", f"{PROJECT}-redis-1")
    try:
        wait_for(
            lambda: stack.inspect("airflow-worker")["State"]["Health"]["Status"] == "unhealthy", "the worker's health"
        )
    finally:
        stack.docker("unpause", f"{PROJECT}-redis-1")
    stack.wait_until_healthy("redis", "airflow-worker")


def test_without_workers_the_scheduler_runs_the_tasks_itself(stack: Stack) -> None:
    def running() -> set[str]:
        label = f"label=com.docker.compose.project={PROJECT}"
        found = stack.docker("ps", "--filter", label, "--format", '{{.Label "com.docker.compose.service"}}').stdout
        return set(found.split()) & {"redis", "airflow-scheduler", "airflow-worker", "airflow-local"}

    with told("make up WORKERS=0"):
        stack.make("up", "WORKERS=0")
    try:
        assert running() == {"airflow-local"}
        assert stack.run_dag("alerts", None)["state"] == "success"
        assert stack.production()["entries"]
    finally:
        with told("make up, with a worker again"):
            stack.make("up")
    assert running() == {"redis", "airflow-scheduler", "airflow-worker"}
    assert stack.run_dag("alerts", None)["state"] == "success"
