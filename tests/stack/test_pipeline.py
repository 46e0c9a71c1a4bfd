"""From training to monitored predictions, and what a restart or a killed task leaves."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from running import PROJECT, SERVICES, Stack, told, wait_for

pytestmark = pytest.mark.stack

TASKS = {"generate_data", "batch_predict", "monitor_model", "cleanup_old_artifacts", "generate_summary"}
READ_PREDICTIONS = """
import json, os, sys
from deltalake import DeltaTable
table = DeltaTable("s3://lake/sentiment/predictions", storage_options={
    "AWS_ENDPOINT_URL": os.environ["SLUSS_S3_ENDPOINT_URL"], "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": os.environ["SLUSS_S3_ACCESS_KEY_ID"],
    "AWS_SECRET_ACCESS_KEY": os.environ["SLUSS_S3_SECRET_ACCESS_KEY"]})
rows = table.to_pyarrow_table()
print(json.dumps([table.version(), rows.num_rows, rows.column_names]))
# Arrow's threads may still hold Delta's objects when Python ends, and abort it: "terminate called without an active
# exception". So Python does not get to end.
sys.stdout.flush()
os._exit(0)
"""


def predictions(stack: Stack) -> list[Any]:
    found: list[Any] = json.loads(stack.python_in("airflow-worker", READ_PREDICTIONS).splitlines()[-1])
    return found


def test_training_registers_a_version_with_its_metrics(stack: Stack, trained: dict[str, Any]) -> None:
    run = stack.mlflow_api("runs/get", params={"run_id": trained["run_id"]})["run"]
    metrics = {each["key"]: each["value"] for each in run["data"]["metrics"]}
    print(f"\n  {trained['name']} version {trained['version']}: {metrics}")
    experiment = stack.mlflow_api("experiments/get", params={"experiment_id": run["info"]["experiment_id"]})[
        "experiment"
    ]
    assert experiment["name"] == "sentiment"
    assert metrics["holdout_accuracy"] > metrics["baseline_accuracy"] + 0.1


def test_the_scoring_dag_runs_by_rest_and_leaves_predictions(stack: Stack, scored: dict[str, Any]) -> None:
    assert scored["state"] == "success"
    path = f"dags/sentiment_scoring/dagRuns/{scored['dag_run_id']}/taskInstances"
    states = {each["task_id"]: each["state"] for each in stack.airflow_api(path)["task_instances"]}
    assert states == dict.fromkeys(TASKS, "success")
    version, rows, columns = predictions(stack)
    print(f"\n  predictions: {rows} rows at table version {version}, columns {', '.join(columns)}")
    assert rows > 0


def test_the_monitor_keeps_to_its_own_experiment(stack: Stack, scored: dict[str, Any]) -> None:
    name = {"experiment_name": "sentiment-monitoring"}
    found = stack.mlflow_api("experiments/get-by-name", params=name)["experiment"]["experiment_id"]
    runs = stack.mlflow_api("runs/search", method="POST", json={"experiment_ids": [found], "max_results": 10})["runs"]
    metrics = {each["key"]: each["value"] for each in runs[0]["data"]["metrics"]}
    print(f"\n  {len(runs)} monitoring runs after {scored['dag_run_id']}: {metrics}")
    assert "alert_count" in metrics


@pytest.mark.usefixtures("scored")
def test_the_log_of_a_killed_task_survives_it_and_its_container(stack: Stack) -> None:
    """MLflow stands still, so the task waits for it and can be killed in the middle of its work."""
    stack.docker("pause", f"{PROJECT}-mlflow-1")
    try:
        forced = {"logical_date": None, "conf": {"force": True}}
        started = stack.airflow_api("dags/sentiment_training/dagRuns", forced)["dag_run_id"]
        run = f"dags/sentiment_training/dagRuns/{started}"
        task = f"{run}/taskInstances/train_model"
        wait_for(lambda: stack.airflow_api(task)["state"] == "running", "train_model", poll=0.3)
        time.sleep(2)
        killed = stack.python_in("airflow-worker", KILL_TASK.replace("TASK_ID", stack.airflow_api(task)["id"]))
        assert "killed 1" in killed
        with told("until Airflow notices the killed task"):
            wait_for(lambda: stack.airflow_api(task)["state"] != "running", "the end of train_model", poll=0.5)
    finally:
        stack.docker("unpause", f"{PROJECT}-mlflow-1")
        stack.wait_until_healthy("mlflow")
    before = task_log(stack, task)
    with told("replace the containers of worker, scheduler and web server"):
        services = ("airflow-worker", "airflow-scheduler", "airflow-webserver")
        names = [f"{PROJECT}-{service}-1" for service in services]
        stack.docker("rm", "--force", *names)
        stack.command("up")
    after = task_log(stack, task)
    with told("until the killed task has succeeded at its second try"):
        wait_for(lambda: stack.airflow_api(run)["state"] in {"success", "failed"}, "sentiment_training", poll=0.5)
    assert stack.airflow_api(run)["state"] == "success"
    stack.wait_until_idle("sentiment_training", "sentiment_deployment")
    print(f"\n  {len(before)} characters of log before, {len(after)} after")
    assert "train_model" in before
    assert after.startswith(before[: len(before) // 2])


KILL_TASK = """
import psutil
running = psutil.process_iter(["ppid", "cmdline"])
found = [(each, each.info["ppid"], " ".join(each.info["cmdline"] or [])) for each in running]
busy = {each.pid for each, _, line in found if "airflow supervisor: TASK_ID" in line}
tasks = [each for each, parent, _ in found if parent in busy]
for each in tasks:
    each.kill()
print("killed", len(tasks))
"""


def task_log(stack: Stack, task: str) -> str:
    found = stack.airflow_api(f"{task}/logs/1?full_content=true")["content"]
    return "\n".join(json.dumps(each) for each in found if not str(each.get("event", "")).startswith("::"))


def test_a_restart_of_all_containers_loses_nothing(
    stack: Stack, trained: dict[str, Any], scored: dict[str, Any]
) -> None:
    before, champion = predictions(stack), stack.champion()
    with told("restart all containers"):
        stack.docker("restart", *(f"{PROJECT}-{service}-1" for service in SERVICES))
        stack.wait_until_healthy()
    assert stack.champion() == champion
    run = stack.mlflow_api("runs/get", params={"run_id": trained["run_id"]})["run"]
    assert run["info"]["status"] == "FINISHED"
    assert predictions(stack) == before
    run = f"dags/sentiment_scoring/dagRuns/{scored['dag_run_id']}"
    assert stack.airflow_api(run)["state"] == "success"
    with told("scoring DAG for the next day, after the restart"):
        assert stack.run_dag("sentiment_scoring", "2026-01-03T00:00:00Z")["state"] == "success"
    assert predictions(stack)[1] > before[1]


def test_scoring_a_day_again_leaves_the_same_rows(stack: Stack, scored: dict[str, Any]) -> None:
    before = predictions(stack)
    path = "dags/sentiment_scoring/clearTaskInstances"
    body = {"dry_run": False, "dag_run_id": scored["dag_run_id"], "only_failed": False, "reset_dag_runs": True}
    stack.airflow_api(path, body)
    run = f"dags/sentiment_scoring/dagRuns/{scored['dag_run_id']}"
    wait_for(lambda: stack.airflow_api(run)["state"] in {"success", "failed"}, "the second run", poll=0.5)
    assert stack.airflow_api(run)["state"] == "success"
    assert predictions(stack)[1:] == before[1:]
