"""Who puts a version into production, and who takes it out: a person in Airflow, a person at the terminal."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from running import CONFIG, Stack, told, wait_for

from sluss.gates.judge import _GATES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack

DAG = "sentiment_deployment"
# In the order in which they are asked and told.
GATES = [gate.__name__ for gate in _GATES]


@pytest.fixture
def candidate(stack: Stack, trained: dict[str, Any]) -> str:
    """A version that every gate lets pass."""
    newest = stack.same_model_again()
    assert int(newest) > int(trained["version"])
    return newest


@pytest.fixture
def asked(stack: Stack, candidate: str) -> Iterator[str]:
    """That candidate, where the use case asks a person for as long as the test runs."""
    path = CONFIG / "sentiment.yaml"
    before = path.read_text(encoding="utf-8")
    assert "approval: none" in before
    stack.wait_until_idle("sentiment_training", DAG)
    try:
        path.write_text(before.replace("approval: none", "approval: manual"), encoding="utf-8")
        with told("until Airflow asks a person"):
            read_again(stack, asks=True)
        yield candidate
    finally:
        path.write_text(before, encoding="utf-8")
        read_again(stack, asks=False)


def read_again(stack: Stack, *, asks: bool) -> None:
    """Have the DAG file read again and again: Airflow keeps what it reads only if the DAG is older than 30 seconds."""

    def known() -> bool:
        stack.airflow_api(f"parseDagFile/{stack.airflow_api(f'dags/{DAG}')['file_token']}", method="PUT")
        return asks == ("approve" in {each["task_id"] for each in stack.airflow_api(f"dags/{DAG}/tasks")["tasks"]})

    wait_for(known, "the deployment DAG of the changed config")


def answer(stack: Stack, version: str, option: str) -> dict[str, str]:
    """Deploy, answer the question as the person who is logged in; the states of the tasks at the end."""
    run = stack.trigger(DAG, None, version=version)
    asked = f"dags/{DAG}/dagRuns/~/hitlDetails?state=awaiting_input"
    given = {"chosen_options": [option], "params_input": {}}

    def ended() -> bool:
        # Airflow asks again when the answer came before its scheduler saw that the task waits: no person is so fast.
        for action in stack.airflow_api(asked)["hitl_details"]:
            assert action["subject"] == f"Sentiment of short reviews: shall version {version} become the champion?"
            assert "- **quality** passed: Its accuracy" in action["body"]
            assert re.findall(r"\*\*(\w+)\*\* passed", action["body"]) == GATES
            time.sleep(1)
            stack.airflow_api(f"{run}/taskInstances/approve/-1/hitlDetails", given, method="PATCH")
        return stack.airflow_api(run)["state"] in {"success", "failed"}

    wait_for(ended, run, poll=0.3)
    return {each["task_id"]: each["state"] for each in stack.airflow_api(f"{run}/taskInstances")["task_instances"]}


def test_a_person_decides_and_a_rollback_takes_it_back_at_once(stack: Stack, asked: str) -> None:
    before, known = stack.champion()["version"], len(stack.production()["entries"])
    with told("a deployment that was rejected"):
        assert answer(stack, asked, "Reject") == {
            "validate_model": "success", "approve": "success", "deploy_model": "skipped",
        }  # fmt: skip
    assert stack.champion()["version"] == before
    assert len(stack.production()["entries"]) == known
    named = {"name": "sentiment_classifier", "version": asked}
    tags = stack.mlflow_api("model-versions/get", params=named)["model_version"]["tags"]
    assert re.fullmatch(
        r"admin, .+ UTC: no reason given", {each["key"]: each["value"] for each in tags}["sluss.refused"]
    )
    with told("a deployment that was approved"):
        assert answer(stack, asked, "Approve") == {
            "validate_model": "success", "approve": "success", "deploy_model": "success",
        }  # fmt: skip
    assert stack.champion()["version"] == asked
    assert stack.production()["entries"][-1]["by"] == "admin, who approved it in Airflow"
    assert "admin, who" in stack.make("history").stdout
    with told("make rollback"):
        stack.make("rollback", "REASON=it's only a test")
    assert stack.champion()["version"] == before
    after = stack.production()
    last = after["entries"][-1]
    assert (last["action"], last["version"], last["replaced"]) == ("rollback", before, asked)
    assert last["reason"] == "it's only a test"
    assert after["problems"] == []
    held = stack.make("deploy", f"VERSION={asked}", check=False)
    assert held.returncode == 2
    assert "was taken out of production" in held.stderr
