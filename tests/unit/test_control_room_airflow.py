"""The control room's requests to Airflow: what it asks for, and its sentences where Airflow refuses or is silent."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sluss.config.settings import ROOT, Settings
from sluss.control_room.web.acts import Done, Order
from sluss.control_room.web.acts_airflow import HandsInAirflow
from sluss.control_room.web.airflow import Airflow, AirflowError, NotAllowedError
from sluss.control_room.web.airflow_door import AirflowDoor
from sluss.control_room.web.people import Person
from sluss.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

ANN = Person("ann", may_act=True, token="anns-token")
RUN = {"dag_run_id": "run 1"}


class Server:
    """Answers in the place of Airflow's web server, and keeps the requests."""

    def __init__(self, answers: dict[str, tuple[int, Any] | Callable[[httpx.Request], tuple[int, Any]]]) -> None:
        self.answers, self.requests = answers, list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        found = self.answers[f"{request.method} {request.url.path}"]
        status, body = found(request) if callable(found) else found
        return httpx.Response(status, json=body)

    @property
    def airflow(self) -> Airflow:
        return Airflow("http://airflow", transport=httpx.MockTransport(self))

    def do(self, kind: str, **given: str) -> Done:
        hands = HandsInAirflow(self.airflow, Settings(data=None))
        return asyncio.run(hands.do(Order(kind, "sentiment", ANN, given)))


def of(dag: str, state: str, task: str, sentence: str) -> dict[str, tuple[int, Any]]:
    """A run that ends at once, and the sentence that its task leaves."""
    path = f"/api/v2/dags/{dag}/dagRuns"
    left = f"{path}/run 1/taskInstances/{task}/xcomEntries/sentence"
    return {
        f"POST {path}": (200, RUN),
        f"GET {path}/run 1": (200, {"state": state}),
        f"GET {left}": (200, {"value": sentence}),
    }


def test_a_rollback_is_a_run_with_the_persons_own_token():
    server = Server(of("sentiment_rollback", "success", "roll_back", "Version 1 is back."))
    done = server.do("rollback", version="2", reason="worse")
    assert done.sentence == "Version 1 is back."
    assert done.link == "http://localhost:8080/dags/sentiment_rollback/runs/run%201"
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer anns-token"}
    body = json.loads(server.requests[0].content)
    assert body == {"logical_date": None, "conf": {"version": "2", "reason": "worse"}, "note": "worse"}


def test_a_form_cannot_claim_another_name():
    server = Server(of("sentiment_alert", "success", "change_alert", "Done."))
    server.do("silence", alert="abc", until="3d", reason="x", by="bob", action="close")
    conf = json.loads(server.requests[0].content)["conf"]
    assert conf == {"action": "silence", "alert": "abc", "until": "3d", "reason": "x"}


def test_a_failed_act_shows_the_sentence_of_its_task():
    server = Server(of("sentiment_rollback", "failed", "roll_back", "Version 2 is not in production."))
    with pytest.raises(AirflowError, match=r"^Version 2 is not in production\.$"):
        server.do("rollback", version="2", reason="x")


@pytest.mark.parametrize(
    ("status", "detail", "error", "words"),
    [
        (403, "Forbidden", NotAllowedError, "can read, and not act"),
        (401, "Expired", NotAllowedError, "log in again"),
        (500, "x", ServiceError, "fails with 500"),
        (
            409,
            "There is already a running backfill for dag sentiment_scoring",
            AirflowError,
            "already a running backfill",
        ),
        (422, [{"msg": "a"}, {"msg": "b"}], AirflowError, "a; b"),
    ],
)
def test_a_refusal_is_a_sentence(status, detail, error, words):
    server = Server({"POST /api/v2/backfills": (status, {"detail": detail})})
    with pytest.raises(error, match=words):
        server.do("backfill", first="2026-01-01", last="2026-01-02")


def test_an_airflow_that_is_down_is_a_sentence():
    airflow = Airflow("http://127.0.0.1:9")
    with pytest.raises(ServiceError, match="Airflow does not answer"):
        asyncio.run(airflow.token("ann", "x"))


QUESTION = {"hitl_details": [{"task_instance": {"dag_run_id": "run 1"}}]}


def deployment(version: str, deployed: Any) -> Server:
    path = "/api/v2/dags/sentiment_deployment/dagRuns"
    tasks = f"{path}/run 1/taskInstances"
    return Server(
        {
            f"GET {path}/~/hitlDetails": (200, QUESTION),
            f"GET {tasks}/validate_model/xcomEntries/return_value": (200, {"value": {"version": version}}),
            f"PATCH {tasks}/approve/-1/hitlDetails": (200, {}),
            f"GET {path}/run 1": (200, {"state": "success"}),
            f"GET {tasks}/deploy_model/xcomEntries/return_value": (200, {"value": deployed}) if deployed else (404, {}),
        }
    )


@pytest.mark.parametrize(("kind", "choice"), [("approve", "Approve"), ("refuse", "Reject")])
def test_an_approval_answers_the_question_of_the_version_on_the_page(kind, choice):
    server = deployment("3", {"version": "3"})
    assert "Version 3 is" in server.do(kind, version="3", reason="seen").sentence
    [sent] = [json.loads(request.content) for request in server.requests if request.method == "PATCH"]
    assert sent == {"chosen_options": [choice], "params_input": {"reason": "seen"}}


def test_an_approval_of_another_version_than_the_one_that_waits_answers_nothing():
    server = deployment("4", {"version": "4"})
    with pytest.raises(AirflowError, match="version 4 waits for approval, and not version 3"):
        server.do("approve", version="3")
    assert all(request.method == "GET" for request in server.requests)


def test_an_approval_whose_deployment_was_skipped_is_not_called_done():
    with pytest.raises(AirflowError, match="was not deployed"):
        deployment("3", None).do("approve", version="3")


@pytest.mark.parametrize(("dry_run", "may_act"), [(422, True), (403, False)])
def test_the_role_decides_who_may_act(dry_run, may_act):
    answers = {
        "POST /auth/token": (201, {"access_token": "t"}),
        "GET /api/v2/dags": (200, {}),
        "POST /api/v2/backfills/dry_run": (dry_run, {}),
    }
    person = asyncio.run(AirflowDoor(Server(answers).airflow, ROOT / "config").enter("ann", "right"))
    assert person == Person("ann", may_act, token="t")


def test_a_wrong_password_and_an_account_without_rights_do_not_come_in():
    door = AirflowDoor(Server({"POST /auth/token": (401, {})}).airflow, ROOT / "config")
    assert asyncio.run(door.enter("ann", "wrong")) is None
    answers = {"POST /auth/token": (201, {"access_token": "t"}), "GET /api/v2/dags": (403, {})}
    door = AirflowDoor(Server(answers).airflow, ROOT / "config")
    with pytest.raises(NotAllowedError, match="role Viewer"):
        asyncio.run(door.enter("pia", "right"))
