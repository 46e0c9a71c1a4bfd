"""How many containers of each service run for a number of workers."""

from __future__ import annotations

import pytest

from sluss.stack import docker, env_file
from sluss.stack.error import StackError

NAMES = (
    "AIRFLOW_WORKERS",
    "AIRFLOW_WORKER_CONCURRENCY",
    "AIRFLOW_REDIS",
    "AIRFLOW_SCHEDULERS",
    "AIRFLOW_LOCAL_SCHEDULERS",
)


@pytest.fixture(autouse=True)
def _no_settings_of_this_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, "WORKERS", "AIRFLOW_PARALLELISM"):
        monkeypatch.delenv(name, raising=False)


def scale(**settings: str) -> dict[str, str]:
    """What compose gets, with these settings in `.env`."""
    values = env_file.read(env_file.EXAMPLE) | settings
    return {name: value for name, value in docker.environment(values).items() if name in NAMES}


def test_one_worker_is_the_default_and_runs_all_tasks() -> None:
    assert scale() == dict(zip(NAMES, ("1", "3", "1", "1", "0"), strict=True))


@pytest.mark.parametrize(
    ("workers", "tasks", "each"), [("2", "3", "2"), ("3", "3", "1"), ("5", "3", "1"), ("2", "8", "4")]
)
def test_workers_share_the_tasks(workers: str, tasks: str, each: str) -> None:
    found = scale(AIRFLOW_WORKERS=workers, AIRFLOW_PARALLELISM=tasks)
    assert (found["AIRFLOW_WORKERS"], found["AIRFLOW_WORKER_CONCURRENCY"]) == (workers, each)


def test_without_workers_the_schedulers_run_the_tasks_and_there_is_no_queue() -> None:
    found = scale(AIRFLOW_WORKERS="0", AIRFLOW_SCHEDULERS="2")
    assert found == {
        "AIRFLOW_WORKERS": "0",
        "AIRFLOW_REDIS": "0",
        "AIRFLOW_SCHEDULERS": "0",
        "AIRFLOW_LOCAL_SCHEDULERS": "2",
    }


def test_make_up_workers_goes_before_env(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "2")
    assert scale(AIRFLOW_WORKERS="0")["AIRFLOW_WORKERS"] == "2"


@pytest.mark.parametrize(
    ("name", "value"),
    [("AIRFLOW_WORKERS", "two"), ("AIRFLOW_WORKERS", "-1"), ("AIRFLOW_SCHEDULERS", "0"), ("AIRFLOW_PARALLELISM", "")],
)
def test_a_number_that_is_none_is_refused(name: str, value: str) -> None:
    with pytest.raises(StackError, match=f"{name} is '{value}': set it to a number"):
        scale(**{name: value})
