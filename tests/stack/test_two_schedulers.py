"""Two schedulers and two workers work on the same at once: what stays is what one would leave."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from running import PROJECT, Stack, told

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack

DAY, ENDS = "2026-01-04", "2026-01-05T00:00:00Z"
SCORE = f"""
import os, sys
from tasks import batch_predict, curate_data, generate_data, monitor_model
from sluss.interval import parse_interval
from sluss.context import load_context

context = load_context("sentiment")
interval = parse_interval("{DAY}", context.use_case.unit)
print("ready", flush=True)
sys.stdin.readline()
for step in (generate_data, curate_data, batch_predict, monitor_model):
    step.run(context, interval)
os._exit(0)
"""
STATE = f"""
import json, os, sys
from sluss.context import load_context

context = load_context("sentiment")
lake, client = context.lake, context.client
def rows(table, *columns):
    found = lake.dataset(table, first="{DAY}", last="{DAY}").to_table(columns=list(columns)).to_pylist()
    return sorted([str(value) for value in row.values()] for row in found)
def runs(experiment):
    found = client.get_experiment_by_name(experiment)
    return len(client.search_runs([found.experiment_id], "tags.`sluss.interval` = '{DAY}'"))
print(json.dumps({{
    "curated": rows("curated", "id", "text"), "labels": rows("labels", "id", "label"),
    "predictions": rows("predictions", "id", "score"), "monitoring": rows("monitoring", "alerts"),
    "runs": {{name: runs(name) for name in ("sentiment-data", "sentiment-monitoring")}},
}}))
sys.stdout.flush()
os._exit(0)
"""


DEPLOY = """
import os, sys
from tasks import deploy_model
from sluss.errors import SlussError
from sluss.context import load_context

context = load_context("sentiment")
checked = deploy_model.check(context, sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    deploy_model.run(context, checked=checked)
    print("deployed", flush=True)
except SlussError as error:
    print(error, flush=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def workers(stack: Stack) -> Iterator[list[str]]:
    """The containers of two workers, which work for two schedulers."""
    with told("start a second scheduler and a second worker"):
        stack.scale("airflow-scheduler", 2)
        stack.scale("airflow-worker", 2)
    yield [f"{PROJECT}-airflow-worker-{number}" for number in (1, 2)]
    with told("take them away again"):
        stack.scale("airflow-scheduler", 1)
        stack.scale("airflow-worker", 1)


def state(stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stack.python_in("airflow-worker", STATE).splitlines()[-1])
    return found


def started(containers: list[str], script: str, *arguments: str) -> list[subprocess.Popen[str]]:
    """The script in each container, with an argument of its own if there is one for each; they wait for a word."""
    given = [[each] for each in arguments] or [[]] * len(containers)
    processes = [
        subprocess.Popen(
            ["docker", "exec", "--interactive", container, "python", "-c", script, *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for container, words in zip(containers, given, strict=True)
    ]  # fmt: skip
    for each in processes:
        assert each.stdout
        assert each.stdout.readline() == "ready\n", each.communicate()[1]
    return processes


def said_at_once(processes: list[subprocess.Popen[str]]) -> list[str]:
    """Give all of them the word, and return what they say."""
    for each in processes:
        assert each.stdin
        each.stdin.write("go\n")
        each.stdin.flush()
    said = [each.communicate(timeout=120) for each in processes]
    assert [each.returncode for each in processes] == [0] * len(processes), "\n".join(words for _, words in said)
    return [words for words, _ in said]


@pytest.mark.usefixtures("trained")
def test_a_day_scored_by_all_at_once_is_there_once(stack: Stack, workers: list[str]) -> None:
    champion, ledger = stack.champion(), stack.production()
    steps = started(workers, SCORE)
    with told("a day scored by two workers' containers and by a DAG at once"):
        run = stack.trigger("sentiment_scoring", ENDS)
        said_at_once(steps)
        assert stack.ended(run)["state"] == "success"
    stack.wait_until_idle("sentiment_training", "sentiment_deployment")
    found = state(stack)
    for table in ("curated", "labels", "predictions"):
        ids = [row[0] for row in found[table]]
        assert len(ids) == len(set(ids)) > 0, table
    assert [row[0] for row in found["predictions"]] == [row[0] for row in found["curated"]]
    assert len(found["monitoring"]) == 1
    assert found["runs"] == {"sentiment-data": 1, "sentiment-monitoring": 1}
    with told("the day scored once more by one of them"):
        stack.step("predict", "--interval", DAY)
        stack.step("monitor", "--interval", DAY)
    assert state(stack) == found
    assert (stack.champion(), stack.production()) == (champion, ledger)
    assert ledger["problems"] == []


@pytest.mark.usefixtures("trained")
def test_of_two_deployments_at_once_one_wins(stack: Stack, workers: list[str]) -> None:
    stack.wait_until_idle("sentiment_training", "sentiment_deployment")
    before, known = stack.champion()["version"], stack.production()["entries"]
    candidates = [stack.same_model_again() for _ in workers]
    with told("the gates on two candidates"):
        steps = started(workers, DEPLOY, *candidates)
    with told("two deployments at once"):
        said = [words.strip() for words in said_at_once(steps)]
    [winner] = [version for version, words in zip(candidates, said, strict=True) if words == "deployed"]
    [refusal] = [words for words in said if words != "deployed"]
    assert f"version {winner} is in production, by entry {len(known) + 1}" in refusal
    production = stack.production()
    assert [each["version"] for each in production["entries"]] == [*(each["version"] for each in known), winner]
    assert production["problems"] == []
    assert stack.champion()["version"] == winner
    stack.step("rollback", "--version", winner)
    assert stack.champion()["version"] == before
