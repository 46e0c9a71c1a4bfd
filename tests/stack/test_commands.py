"""The commands of `make` that ask, explain and repeat, as a person types them while the stack runs."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from running import ROOT, Stack, told

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.stack

DAY = "2026-01-01"  # what the DAG run `scored` has scored
ONE_ROW = f"""
import os, sys
from sluss.config.settings import step_settings
from sluss.storage.lake import Lake
rows = Lake(step_settings(), "sentiment").dataset("predictions", first="{DAY}", last="{DAY}").to_table(columns=["id"])
print(rows["id"][0])
sys.stdout.flush()
os._exit(0)
"""
# What `make notebook` gives to JupyterLab; nbclient runs the page as its kernel would.
NOTEBOOK = """
import os, sys
sys.path.insert(0, sys.argv[1] + "/scripts")
import jupyter
assert jupyter.stack_is_up()
os.environ.update(jupyter.stack_environment())
sys.path.insert(0, sys.argv[1] + "/tests")
from notebook_runner import run
for shown in run("sentiment.ipynb"):
    print(shown.get("text/plain", ""))
"""


@pytest.fixture(scope="module")
def row(stack: Stack, scored: dict[str, Any]) -> str:
    """The id of a row that was scored by the DAG."""
    assert scored["state"] == "success"
    return stack.python_in("airflow-worker", ONE_ROW).splitlines()[-1]


def test_make_lineage_shows_a_prediction_a_version_and_a_day(
    stack: Stack, row: str, trained: dict[str, Any], tmp_path: Path
) -> None:
    text = stack.make("lineage", f"ID={row}").stdout
    assert f"prediction for {row} in {DAY}" in text
    assert f"sentiment_classifier version {trained['version']} made it" in text
    graph = json.loads(stack.make("lineage", f"VERSION={trained['version']}", "JSON=1").stdout)
    assert graph["root"] == f"sentiment_classifier version {trained['version']}"
    picture = tmp_path / "lineage of a day.svg"
    with told("make lineage, drawn"):
        stack.make("lineage", f"INTERVAL={DAY}", f"SVG={picture}")
    drawn = picture.read_text(encoding="utf-8")
    assert drawn.startswith("<svg ")
    assert drawn.endswith("</svg>\n")
    assert [each.name for each in tmp_path.iterdir()] == [picture.name]
    wrong = stack.make("lineage", "ID=nobody", f"SVG={picture}", check=False)
    assert wrong.returncode == 2
    assert "No row 'nobody' of sentiment was scored" in wrong.stderr


def test_make_why_scores_the_row_again_and_finds_no_difference(stack: Stack, row: str) -> None:
    with told("make why"):
        receipt = json.loads(stack.make("why", f"ID={row}", "JSON=1").stdout)
    assert receipt["again"]["reproduced"]
    assert receipt["again"]["difference"] == 0


def test_make_reproduce_trains_the_same_model_again(stack: Stack, trained: dict[str, Any]) -> None:
    with told("make reproduce"):
        said = stack.make("reproduce", f"VERSION={trained['version']}").stdout
    assert "Reproduced: the same rows gave the same model." in said


@pytest.mark.usefixtures("trained")
def test_a_notebook_registers_in_the_stack_and_the_stack_alone_decides(stack: Stack) -> None:
    before = stack.production()["entries"]
    with told("notebooks/sentiment.ipynb on the stack's data"):
        done = subprocess.run(
            [sys.executable, "-c", NOTEBOOK, str(ROOT)],
            env=stack.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    newest = max(int(each["version"]) for each in stack.versions())
    assert f"sentiment_classifier version {newest}\n" in done.stdout
    assert "is not deployed from here" in " ".join(done.stdout.split())
    gates = stack.make("gates", f"VERSION={newest}", check=False).stdout
    here = stack.docker("exec", stack.inspect("airflow-worker")["Id"], "python", "--version").stdout.split()[1]
    same = here == ".".join(map(str, sys.version_info[:3]))
    assert ("other packages than those" in " ".join(gates.replace("│", " ").split())) != same
    run = stack.trigger("sentiment_deployment", None, version=str(newest))
    assert stack.ended(run)["state"] == "success"
    tasks = stack.airflow_api(f"{run}/taskInstances")["task_instances"]
    deployed = {each["task_id"]: each["state"] for each in tasks}["deploy_model"]
    after = stack.production()
    assert after["problems"] == []
    assert len(after["entries"]) == len(before) + (deployed == "success")
    assert same or deployed == "skipped"  # a refusal is an answer, not a failure
