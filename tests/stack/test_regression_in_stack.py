"""A second use case, a regression: on Postgres and S3, with DAGs that Airflow finds by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from running import CONFIG, ROOT, Stack, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluss.config.use_case import UseCase

pytestmark = pytest.mark.stack

DAY, ENDS = "2026-01-01", "2026-01-02T00:00:00Z"
FOUND = f"""
import json, os, sys
from sluss.tracking.client import connect
from sluss.config.settings import step_settings
from sluss.storage.lake import Lake

settings = step_settings()
lake, client = Lake(settings, "intensity"), connect(settings)
def rows(table, *columns):
    return lake.dataset(table, first="{DAY}", last="{DAY}").to_table(columns=list(columns)).to_pylist()
experiment = client.get_experiment_by_name("intensity-monitoring")
[run] = client.search_runs([experiment.experiment_id])
print(json.dumps({{
    "curated": rows("curated", "id"), "predictions": rows("predictions", "id", "score", "model_version"),
    "metrics": run.data.metrics, "tags": run.data.tags,
}}))
sys.stdout.flush()
os._exit(0)
"""


@pytest.fixture
def use_case(stack: Stack, intensity: UseCase, intensity_config: str) -> Iterator[UseCase]:
    """The example of docs/use_cases.md, as three files in the config that the stack has mounted."""
    written = {"intensity.yaml": intensity_config}
    for end in (".sql", "_labels.sql"):
        query = (ROOT / "config" / f"sentiment{end}").read_text(encoding="utf-8")
        written[f"intensity{end}"] = query.replace("sentiment_", "intensity_")
    for name, text in written.items():
        (CONFIG / name).write_text(text, encoding="utf-8")
    yield intensity
    stack.wait_until_idle("intensity_training", "intensity_deployment")
    for name in written:
        (CONFIG / name).unlink()


def test_a_regression_is_trained_deployed_scored_and_monitored(stack: Stack, use_case: UseCase) -> None:
    with told("a regression trained and deployed"):
        stack.step("train", "--load-history", use_case=use_case.name)
        stack.step("deploy", use_case=use_case.name)
    with told("until Airflow has its DAGs, and a day scored"):
        assert stack.run_dag(f"{use_case.name}_scoring", ENDS)["state"] == "success"
    champion = stack.champion(use_case.model)
    [entry] = stack.production(use_case.name)["entries"]
    assert (entry["action"], entry["version"]) == ("promote", champion["version"])
    found = json.loads(stack.python_in("airflow-worker", FOUND).splitlines()[-1])
    predictions = found["predictions"]
    assert {row["id"] for row in predictions} == {row["id"] for row in found["curated"]}
    assert {row["model_version"] for row in predictions} == {champion["version"]}
    assert len({row["score"] for row in predictions}) > len(predictions) / 2
    assert all(-4 < row["score"] < 4 for row in predictions)
    assert found["metrics"]["rows"] == len(predictions) > 0
    assert found["tags"]["sluss.model_version"] == champion["version"]
