"""What a reader's login, or a guess, gets in the running stack; the whole table is tried without it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from running import PORTS, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack
READER = ("rita", "reads-and-nothing-more")


@pytest.fixture(scope="module")
def reader(stack: Stack) -> Iterator[httpx.Client]:
    """A person with a login of MLflow's and no rights."""
    account = {"username": READER[0], "password": READER[1]}
    admin = ("admin", stack.secrets["MLFLOW_ADMIN_PASSWORD"])
    made = httpx.post(f"{stack.mlflow}/api/2.0/mlflow/users/create", json=account, auth=admin)
    assert made.status_code in {200, 400}  # there from an earlier test
    with httpx.Client(base_url=stack.mlflow, auth=READER) as client:
        yield client


def test_a_reader_makes_no_experiment_in_the_champions_folder_nor_on_the_servers_disk(
    stack: Stack, trained: dict[str, Any], reader: httpx.Client
) -> None:
    champion = stack.mlflow_api(f"logged-models/{trained['source'].removeprefix('models:/')}")["model"]["info"]
    folder = champion["artifact_uri"].removeprefix("mlflow-artifacts:/")
    create = "/api/2.0/mlflow/experiments/create"
    for place in (f"s3://mlflow/{folder}", "file:///var/tmp/mlflow/there", f"mlflow-artifacts:/{folder}"):
        asked = {"name": "reader's", "artifact_location": place}
        assert reader.post(create, json=asked).status_code == 403
        assert reader.post(create, json=asked, auth=("sluss", stack.secrets["MLFLOW_TASK_PASSWORD"])).status_code == 403
    assert reader.post(create, json={"name": "reader's"}).status_code == 403
    there = f"/api/2.0/mlflow-artifacts/artifacts/{folder}"
    assert reader.put(f"{there}/extra.bin", content=b"x").status_code == 403
    assert reader.get(f"{there}/MLmodel").status_code == 200
    listed = reader.get("/api/2.0/mlflow-artifacts/artifacts", params={"path": folder}).json()["files"]
    assert "extra.bin" not in {each["path"] for each in listed}
    assert reader.get("/api/2.0/mlflow/users/list").status_code == 403


def test_guesses_are_refused_in_mlflow_and_in_each_of_airflows_places(stack: Stack) -> None:
    for path in ("token", "token/cli", "api/v1/security/login"):
        who = {"username": f"guessed at {path}", "provider": "db"}
        tried = ({**who, "password": f"try {number}"} for number in range(40))
        answers = [stack.http.post(f"{stack.airflow}/auth/{path}", json=each) for each in tried]
        counts = Counter(answer.status_code for answer in answers)
        assert counts[401] + counts[429] == 40
        assert counts[429] >= 25
        assert int(answers[-1].headers["retry-after"]) <= 60
    version = f"{stack.mlflow}/version"
    counts = Counter(stack.http.get(version, auth=("guessed", f"try {n}")).status_code for n in range(30))
    assert counts[401] + counts[429] == 30
    assert counts[429] >= 18
    assert stack.airflow_api("dags")["total_entries"] >= 0
    assert stack.mlflow_api("experiments/search", params={"max_results": 1})["experiments"]


@pytest.mark.parametrize("page", ["docs", "redoc", "openapi.json"])
def test_no_service_shows_the_schema_of_its_api(stack: Stack, page: str) -> None:
    room = f"http://localhost:{PORTS['CONTROL_ROOM_PORT']}"
    for address in (stack.airflow, f"{stack.airflow}/auth", f"{stack.airflow}/execution"):
        assert stack.http.get(f"{address}/{page}").status_code == 404
    for address in (stack.mlflow, room):
        assert stack.http.get(f"{address}/{page}").status_code in {303, 401}
