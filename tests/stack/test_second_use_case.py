"""A second use case of those that are shipped, next to the first one: forecasts of electricity demand in the stack."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from running import ROOT, Stack, told

from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluss.config.use_case import UseCase

pytestmark = pytest.mark.stack

FOUND = """
import json, os, sys
from sluss.config.settings import step_settings
from sluss.storage.lake import Lake

lake = Lake(step_settings(), "demand")
rows = {name: lake.dataset(name, first="DAY", last="DAY").to_table().to_pylist() for name in ("curated", "predictions")}
print(json.dumps(rows, default=str))
sys.stdout.flush()
os._exit(0)
"""


@pytest.fixture
def demand(stack: Stack) -> Iterator[UseCase]:
    """The use case as it is shipped."""
    stack.add_use_case("demand")
    yield load_use_case("demand", ROOT / "config")
    stack.wait_until_idle("demand_training", "demand_deployment")
    stack.remove_use_case("demand")


@pytest.mark.usefixtures("trained")
def test_a_second_use_case_forecasts_a_day_and_leaves_the_first_alone(stack: Stack, demand: UseCase) -> None:
    before = stack.production()
    with told("demand trained and deployed"):
        stack.step("train", "--load-history", use_case="demand")
        stack.step("deploy", use_case="demand")
    end = demand.unit.after(demand.first_live)
    with told("until Airflow has its DAGs, and a day is forecast"):
        assert stack.run_dag("demand_scoring", end.isoformat(), 300)["state"] == "success"
    day = demand.unit.partition(demand.first_live)
    found = json.loads(stack.python_in("airflow-worker", FOUND.replace("DAY", day)).splitlines()[-1])
    assert {row["id"] for row in found["predictions"]} == {row["id"] for row in found["curated"]}
    assert len(found["predictions"]) == 48
    assert {row["model_version"] for row in found["predictions"]} == {stack.champion(demand.model)["version"]}
    assert stack.production() == before
