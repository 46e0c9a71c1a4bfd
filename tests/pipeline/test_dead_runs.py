"""A run whose process died is ended; one that is worked on is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sluss.config.settings import ROOT
from sluss.tracking.processes import PROCESS_TAG, end_dead_runs, this_process

KILLED_WHILE_IT_LOGS = """
import os, signal, sys
from mlflow import MlflowClient
from sluss.tracking.processes import PROCESS_TAG, this_process

client = MlflowClient(tracking_uri=sys.argv[1])
print(client.create_run("0", tags={PROCESS_TAG: this_process().tag}).info.run_id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{tmp_path_factory.mktemp('runs')}/mlflow.db")


def run_with(client, tag: str) -> str:
    return str(client.create_run("0", tags={PROCESS_TAG: tag}).info.run_id)


def status(client, run: str) -> str:
    return str(client.get_run(run).info.status)


def test_the_run_of_a_killed_process_is_ended_as_killed(client):
    command = [sys.executable, "-c", KILLED_WHILE_IT_LOGS, client.tracking_uri]
    killed = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    run = killed.stdout.strip()
    assert (killed.returncode, status(client, run)) == (-9, "RUNNING")
    assert end_dead_runs(client, ["0"]) == 1
    assert status(client, run) == "KILLED"
    assert end_dead_runs(client, ["0"]) == 0


def test_runs_that_are_worked_on_or_belong_to_others_are_left_alone(client):
    mine = run_with(client, this_process().tag)
    theirs = str(client.create_run("0").info.run_id)
    edited = run_with(client, "a remark")
    elsewhere = run_with(client, replace(this_process(), host="another").tag)
    assert end_dead_runs(client, ["0"]) == 0
    assert {status(client, run) for run in (mine, theirs, edited, elsewhere)} == {"RUNNING"}


def test_a_new_try_of_a_task_ends_the_run_of_the_one_before(client, monkeypatch):
    for name in ("DAG_ID", "DAG_RUN_ID", "TASK_ID"):
        monkeypatch.setenv(f"AIRFLOW_CTX_{name}", "one")
    monkeypatch.setenv("AIRFLOW_CTX_TRY_NUMBER", "1")
    first = run_with(client, replace(this_process(), host="a-worker-that-is-gone").tag)
    assert end_dead_runs(client, ["0"]) == 0
    monkeypatch.setenv("AIRFLOW_CTX_TRY_NUMBER", "2")
    assert end_dead_runs(client, ["0"]) == 1
    assert status(client, first) == "KILLED"


def test_a_run_of_a_machine_that_cannot_be_asked_is_ended_after_hours(client):
    hours_ago = (datetime.now(UTC) - timedelta(hours=4)).isoformat()
    run = run_with(client, replace(this_process(), host="another", at=hours_ago).tag)
    assert end_dead_runs(client, ["0"]) == 1
    assert status(client, run) == "KILLED"


def test_a_process_whose_number_came_again_is_over(client):
    earlier = replace(this_process(), started="1")
    assert json.loads(earlier.tag)["pid"] == os.getpid()
    run = run_with(client, earlier.tag)
    assert end_dead_runs(client, ["0"]) == 1
    assert status(client, run) == "KILLED"
