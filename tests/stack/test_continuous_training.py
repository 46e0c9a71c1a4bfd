"""Days pass, the reviews change, and the stack finds a new champion with no hand on it. The last test: it moves on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from running import ROOT, Stack, told

pytestmark = pytest.mark.stack

SCORING, TRAINING, DEPLOYMENT = (f"sentiment_{name}" for name in ("scoring", "training", "deployment"))
FACTS = """
import json, os, sys
from sluss.reporting.facts import gather
from sluss.context import load_context
facts = gather(load_context("sentiment"))
accuracy = [[mix, version, e.value, e.rows] for (mix, version), e in facts.by_version.items()]
raised = [alert.type for alert in facts.alerts if alert.state == "raised"]
print(json.dumps({"accuracy": accuracy, "raised": raised}))
sys.stdout.flush()
os._exit(0)
"""


@pytest.fixture
def live_days() -> list[datetime]:
    """The end of every live interval, which is the logical date of its run."""
    config = yaml.safe_load((ROOT / "config" / "sentiment.yaml").read_text(encoding="utf-8"))
    first, end = config["live_start"], config["live_end"]
    return [datetime.combine(first, datetime.min.time(), UTC) + timedelta(n) for n in range(1, (end - first).days + 1)]


def test_the_reviews_change_and_a_new_champion_takes_over_by_itself(
    stack: Stack, trained: dict[str, Any], live_days: list[datetime]
) -> None:
    known = {run["logical_date"] for run in runs(stack, SCORING)}
    with told(f"{len(live_days)} days scored, one after the other"):
        for day in live_days:
            date = f"{day:%Y-%m-%dT%H:%M:%SZ}"
            if date not in known:
                assert stack.run_dag(SCORING, date)["state"] == "success"
            # In production a day lasts longer than a training; here the next one must not overtake it.
            stack.wait_until_idle(TRAINING, DEPLOYMENT)
    champion = stack.champion()["version"]
    assert int(champion) > int(trained["version"])
    found = json.loads(stack.python_in("airflow-worker", FACTS).splitlines()[-1])
    print("\n  accuracy by source and version:", *found["accuracy"], sep="\n    ")
    by_source = {
        name: [each for each in found["accuracy"] if each[0] == name] for name in ("movies", "amazon", "tweets")
    }
    first, last = ({name: rows[place] for name, rows in by_source.items()} for place in (0, -1))
    assert "data_drift" in found["raised"]
    assert first["amazon"][2] < 0.64
    assert last["amazon"][2] > first["amazon"][2] + 0.08
    assert first["tweets"][2] < 0.68
    assert last["tweets"][2] > 0.76
    # Few labels of the newest version's days are known yet: the movies that came back are judged together.
    [(_, version, before, _), *later] = by_source["movies"]
    assert sum(value * rows for _, _, value, rows in later) / sum(rows for *_, rows in later) > before - 0.06
    assert all(int(each[1]) > int(version) for each in later)
    tell_how_long_it_took(stack)


def runs(stack: Stack, dag: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.airflow_api(f"dags/{dag}/dagRuns?limit=100&order_by=run_after")["dag_runs"]
    return found


def task(stack: Stack, dag: str, run: dict[str, Any], name: str) -> dict[str, Any]:
    return stack.airflow_api(f"dags/{dag}/dagRuns/{run['dag_run_id']}/taskInstances/{name}")


def tell_how_long_it_took(stack: Stack) -> None:
    """Print the time from the event of the labels to the new champion, compared with the bare fit and evaluation."""
    for run in runs(stack, TRAINING):
        trained = task(stack, TRAINING, run, "train_model")
        if run["run_type"] != "asset_triggered" or trained["state"] != "success":
            continue
        path = f"dags/{TRAINING}/dagRuns/{run['dag_run_id']}/upstreamAssetEvents"
        landed = min(moment(event["timestamp"]) for event in stack.airflow_api(path)["asset_events"])
        following = [
            each for each in runs(stack, DEPLOYMENT) if moment(each["run_after"]) >= moment(trained["end_date"])
        ]
        if not following:
            continue
        tasks = [trained, *(task(stack, DEPLOYMENT, following[0], name) for name in ("validate_model", "deploy_model"))]
        if tasks[-1]["state"] != "success":
            continue
        whole = (moment(tasks[-1]["end_date"]) - landed).total_seconds()
        work = " + ".join(f"{each['task_id']} {each['duration']:.1f} s" for each in tasks)
        bare = bare_seconds(stack, run)
        print(f"  from labels landing to the new champion: {whole:.1f} s ({work})")
        print(f"    above reading, fit and evaluation alone, {bare:.1f} s: {whole - bare:.1f} s")


def bare_seconds(stack: Stack, run: dict[str, Any]) -> float:
    """Return the seconds for reading rows, cross-validation, fit and verdict, as the training recorded them."""
    path = f"dags/{TRAINING}/dagRuns/{run['dag_run_id']}/taskInstances/train_model/xcomEntries/return_value"
    version = {"name": "sentiment_classifier", "version": stack.airflow_api(path)["value"].strip('"')}
    made_by = stack.mlflow_api("model-versions/get", params=version)["model_version"]["run_id"]
    metrics = stack.mlflow_api("runs/get", params={"run_id": made_by})["run"]["data"]["metrics"]
    return next(float(each["value"]) for each in metrics if each["key"] == "seconds")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
