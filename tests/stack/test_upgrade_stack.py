"""A stack that an older release made: `make up` of this checkout on its volumes and `.env`, and it goes on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from older_code import checked_out, release_before
from running import ROOT, Stack, told

from sluss import VERSION
from sluss.control_room.status import ORDER

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.stack, pytest.mark.nightly]

PORTS = {"CONTROL_ROOM_PORT": "17800", "MLFLOW_PORT": "17500", "AIRFLOW_PORT": "17880", "MINIO_CONSOLE_PORT": "17901"}
TAG = "before-upgrade"  # of the older images: the version of the older release may still be this one's
DAYS = ("2026-01-01", "2026-01-02")
# The moment at which a day ends is the date of its run.
RUNS = ("2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z")
NEXT_RUN = "2026-01-04T00:00:00Z"
READ_PREDICTIONS = """
import json, os, sys
from deltalake import DeltaTable
rows = DeltaTable("s3://lake/sentiment/predictions", storage_options={
    "AWS_ENDPOINT_URL": os.environ["SLUSS_S3_ENDPOINT_URL"], "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": os.environ["SLUSS_S3_ACCESS_KEY_ID"],
    "AWS_SECRET_ACCESS_KEY": os.environ["SLUSS_S3_SECRET_ACCESS_KEY"]}).to_pyarrow_table().to_pylist()
print(json.dumps(sorted(rows, key=lambda row: (row["interval"], row["id"])), default=str))
sys.stdout.flush()
os._exit(0)
"""


@pytest.fixture
def older(tmp_path: Path) -> Iterator[Stack]:
    """A stack that runs the code and the images of the release before."""
    folders = {name: tmp_path / name for name in ("config", "data")}
    for folder in folders.values():
        folder.mkdir()
    files = {"ENV_FILE": "stack.env", "SOURCES_ENV": "sources.env", "RECEIVERS_ENV": "receivers.env"}
    given = {f"SLUSS_{name}": str(tmp_path / file) for name, file in files.items()}
    given |= {f"SLUSS_{name.upper()}_DIR": str(folder) for name, folder in folders.items()}
    stack = Stack(COMPOSE_PROJECT_NAME="sluss-upgrade", SLUSS_VERSION=TAG, **PORTS, **given)
    stack.remove_leftovers()
    with checked_out(release_before(), tmp_path / "code") as code:
        try:
            bring_up(stack, code)
            yield stack
        finally:
            stack.remove_leftovers()
            reference = ["--filter", f"reference=*:{TAG}", "--format", "{{.Repository}}:{{.Tag}}"]
            if built := stack.docker("image", "ls", *reference).stdout.split():
                stack.docker("image", "rm", *built)
            stack.http.close()


def bring_up(stack: Stack, checkout: Path) -> None:
    """`make up` in a checkout, with its use case."""
    stack.root, config = checkout, Path(stack.environment["SLUSS_CONFIG_DIR"])
    shutil.rmtree(config)
    config.mkdir()
    stack.add_use_case("sentiment")
    with told(f"make up in {checkout.name}"):
        stack.command("up")


def inside(stack: Stack, step: str, *arguments: str, check: bool = True) -> str:
    """A step where the tasks run, by its file, which every release has."""
    return stack.command("run", "python", f"tasks/{step}.py", *arguments, check=check).stdout


def entries(stack: Stack) -> list[dict[str, Any]]:
    """The ledger, which has no fault."""
    found = json.loads(inside(stack, "show_history", "--json"))
    assert found["problems"] == []
    # Until when it was the newest one is worked out from the next one.
    return [{name: fact for name, fact in each.items() if name != "until"} for each in found["entries"]]


def worry(stack: Stack) -> tuple[int, int]:
    """How bad the status is: its level, and how much waits for a person."""
    [status] = json.loads(inside(stack, "show_status", "--json", check=False))["use_cases"]
    print(f"\n  {status['level']}: {status['waiting']}", flush=True)
    return -ORDER.index(status["level"]), len(status["waiting"])


def predictions(stack: Stack) -> list[dict[str, Any]]:
    """All rows that were scored."""
    return list(json.loads(stack.python_in("airflow-worker", READ_PREDICTIONS).splitlines()[-1]))


def scoring_runs(stack: Stack) -> dict[str, Any]:
    """When each run of the scoring DAG started, and how it ended."""
    found = stack.airflow_api("dags/sentiment_scoring/dagRuns?limit=100")["dag_runs"]
    return {each["dag_run_id"]: (each["logical_date"], each["start_date"], each["state"]) for each in found}


def as_then(now: list[dict[str, Any]], then: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first rows of now, without the fields that were not there then."""
    return [{name: row[name] for name in before} for row, before in zip(now, then, strict=False)]


def test_a_stack_of_the_release_before_goes_on(older: Stack, tmp_path: Path) -> None:
    with told("a champion and two scored days, with the older code"):
        inside(older, "train_model", "--load-history")
        inside(older, "deploy_model", "--by", "ann")
        assert [older.run_dag("sentiment_scoring", date)["state"] for date in RUNS] == ["success", "success"]
    stack, ledger, scored, runs, before = older, entries(older), predictions(older), scoring_runs(older), worry(older)
    assert {row["interval"] for row in scored} == {*DAYS}
    stack.command("down")
    del stack.environment["SLUSS_VERSION"]
    bring_up(stack, ROOT)
    stack.__dict__.pop("airflow_token", None)
    assert stack.inspect("airflow-worker")["Config"]["Image"] == f"sluss-airflow:{VERSION}"
    assert as_then(entries(stack), ledger) == ledger
    assert worry(stack) <= before
    with told("the next day"):
        assert stack.run_dag("sentiment_scoring", NEXT_RUN)["state"] == "success"
    with told("train and deploy"):
        inside(stack, "train_model", "--force")
        inside(stack, "deploy_model")
    now = entries(stack)
    assert as_then(now, ledger) == ledger
    assert f"comparison with version {ledger[0]['version']}" in now[1]["reason"]
    rows = predictions(stack)
    assert as_then(rows, scored) == scored
    assert {row["interval"] for row in rows} == {*DAYS, "2026-01-03"}
    assert f"predictions of {DAYS[0]} by version {ledger[0]['version']}" in inside(
        stack, "show_lineage", "--interval", DAYS[0]
    )
    # Runs that were done are not done again.
    assert scoring_runs(stack).items() >= runs.items()
    assert [date for date, _, _ in scoring_runs(stack).values()].count(NEXT_RUN) == len(scoring_runs(stack)) - len(runs)
    with told("make backup and make verify"):
        stack.step("backup", "--to", str(tmp_path / "backups"))
        assert "are equal" in stack.here("verify", "--from", str(tmp_path / "backups")).stdout
