"""The control room in a headless Chromium: each page, the acts of a person who may act, and a reader who is refused."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from running import CONFIG, PORTS, ROOT, Stack, told, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.stack

NAME = "roomed"
ENDS = "2026-01-05T00:00:00Z"  # of the first day of another source
ADDRESS = f"http://localhost:{PORTS['CONTROL_ROOM_PORT']}"
READER = ("vera", "reads-and-nothing-more")
PICTURES = Path(os.environ.get("SLUSS_SCREENSHOTS", ROOT / "var" / "screenshots"))
LOOKS = {"light": ("light", 1280), "dark": ("dark", 1280), "phone": ("light", 390)}


@dataclass
class Room:
    """The use case of these tests, and the version that may be approved."""

    stack: Stack
    candidate: str

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts as `make alerts` has them."""
        found: list[dict[str, Any]] = json.loads(self.stack.step("alerts", "--json", "--all", use_case=NAME))["alerts"]
        return found

    def last_entry(self) -> dict[str, Any]:
        """The newest entry of the ledger."""
        found: dict[str, Any] = self.stack.production(NAME)["entries"][-1]
        return found


@pytest.fixture(scope="module")
def room(stack: Stack) -> Iterator[Room]:
    """A use case with a champion, an alert, and another version; a person has to approve."""
    paths = []
    for path in (ROOT / "config").glob("sentiment*"):
        text = re.sub(r"^(name|model): .*$", rf"\1: {NAME}", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        text = text.replace("sentiment_", f"{NAME}_").replace("approval: none", "approval: manual")
        paths.append(CONFIG / path.name.replace("sentiment", NAME))
        paths[-1].write_text(text, encoding="utf-8")
    roles = {"roles": [{"name": "Viewer"}], "first_name": "Vera", "last_name": "V", "email": "vera@example.org"}
    account = roles | {"username": READER[0], "password": READER[1]}
    headers = {"Authorization": f"Bearer {stack.airflow_token}"}
    made = stack.http.post(f"{stack.airflow}/auth/fab/v1/users", json=account, headers=headers)
    assert made.status_code in {200, 201, 409}, made.text
    with told("a use case trained, deployed, and a day of another source scored"):
        stack.step("train", "--load-history", use_case=NAME)
        stack.step("deploy", use_case=NAME)
        stack.wait_until_found(*(f"{NAME}_{dag}" for dag in ("scoring", "deployment", "rollback", "alert")))
        assert stack.run_dag(f"{NAME}_scoring", ENDS)["state"] == "success"
        stack.wait_until_idle(f"{NAME}_training")
    yield Room(stack, _same_model_again(stack))
    stack.wait_until_idle(f"{NAME}_training", f"{NAME}_deployment")
    for path in paths:
        path.unlink()


def _same_model_again(stack: Stack) -> str:
    """Register the champion's model under a new number, which every gate passes."""
    run = stack.mlflow_api("runs/get", params={"run_id": stack.champion(NAME)["run_id"]})["run"]
    until = {each["key"]: each["value"] for each in run["data"]["tags"]}["sluss.until"]
    day = datetime.fromisoformat(until) - timedelta(days=1)
    stack.step("train", "--force", "--until", f"{day:%Y-%m-%d}", use_case=NAME)
    search = {"filter": f"name='{NAME}'", "max_results": "1000"}
    found = stack.mlflow_api("model-versions/search", params=search)["model_versions"]
    return str(max(int(each["version"]) for each in found))


def log_in(browser: Browser, name: str, password: str, look: str = "light") -> Page:
    """A page of a person who has logged in."""
    scheme, width = LOOKS[look]
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=True)
    page.goto(f"{ADDRESS}/alerts")
    assert "/login?next=" in page.url
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{ADDRESS}/alerts")
    return page


def admin(stack: Stack, browser: Browser, look: str = "light") -> Page:
    """A page of the administrator."""
    return log_in(browser, "admin", stack.secrets["AIRFLOW_ADMIN_PASSWORD"], look)


def until_shown(page: Page, path: str, text: str, seconds: float = 120) -> None:
    """Load a page until it has a text: the control room looks at the stores every few seconds."""

    def shown() -> bool:
        page.goto(f"{ADDRESS}{path}")
        return text in page.inner_text("main")

    wait_for(shown, f"'{text}' on {path}", seconds=seconds)


def confirm(page: Page, path: str, link: str, **fields: str) -> str:
    """Follow a link to an act, fill in its form, send it, and return the sentence of its outcome."""
    page.goto(f"{ADDRESS}{path}")
    page.get_by_role("link", name=link, exact=True).click()
    for label, text in fields.items():
        page.get_by_label(label).fill(text)
    page.locator("form.act button").click()
    page.wait_for_url(f"{ADDRESS}/outcomes/*", timeout=60_000)
    end = time.monotonic() + 180
    while page.get_by_text("It goes on").count() and time.monotonic() < end:
        page.wait_for_timeout(1000)
    return page.locator(".notice").inner_text()


def test_every_page_is_accessible_and_fits_in_each_look(room: Room, chromium: Browser) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    alert = room.alerts()[0]["id"]
    use_case = f"/use-cases/{NAME}"
    pages = {
        "use_cases": "/", "alerts": "/alerts", "alert": f"/alerts/{NAME}/{alert}", "use_case": use_case,
        "ledger": f"{use_case}/ledger", "version": f"{use_case}/versions/1", "predictions": "/predictions",
        "interval": f"{use_case}/intervals/2026-01-04", "act": f"{use_case}/acts/train",
    }  # fmt: skip
    faults = []
    for look in LOOKS:
        page = admin(room.stack, chromium, look)
        until_shown(page, use_case, "Why version 1")
        for name, path in pages.items():
            answer = page.goto(f"{ADDRESS}{path}")
            assert answer is not None
            assert answer.status == 200, path
            page.screenshot(path=PICTURES / f"{name}_{look}.png", full_page=True)
            faults += [(look, path, each["id"], each["nodes"][0]["html"]) for each in violations(page)]
            if page.evaluate("document.documentElement.scrollWidth") > LOOKS[look][1]:
                faults.append((look, path, "wider than the screen", ""))
        page.close()
    assert faults == []


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds on a page."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return found


def test_a_reader_sees_everything_and_changes_nothing(room: Room, chromium: Browser) -> None:
    page = log_in(chromium, *READER)
    alert = room.alerts()[0]["id"]
    for path in ("/", f"/use-cases/{NAME}", f"/alerts/{NAME}/{alert}"):
        page.goto(f"{ADDRESS}{path}")
        assert "(reader)" in page.inner_text("header")
        assert page.locator('a[href*="/acts/"]').count() == 0
    answer = page.goto(f"{ADDRESS}/alerts/{NAME}/{alert}/acts/acknowledge")
    assert answer is not None
    assert answer.status == 403
    assert "can read, and not act" in page.inner_text("main")
    page.screenshot(path=PICTURES / "reader_refused.png")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{ADDRESS}/login")
    page.goto(f"{ADDRESS}/")
    assert page.url == f"{ADDRESS}/login"


def test_a_person_takes_an_alert_and_silences_it(room: Room, chromium: Browser) -> None:
    page = admin(room.stack, chromium)
    alert = next(each["id"] for each in room.alerts() if each["state"] == "open")
    path = f"/alerts/{NAME}/{alert}"
    until_shown(page, path, alert)
    assert "now belongs to admin" in confirm(page, path, "Take it", Comment="I look at it")
    page.screenshot(path=PICTURES / "alert_taken.png")
    assert "is silent until" in confirm(page, path, "Silence", Until="2d", Reason="a new source")
    found = next(each for each in room.alerts() if each["id"] == alert)
    assert found["owner"] == "admin"
    until_shown(page, path, "a new source")
    assert "I look at it" in page.inner_text("main")


def test_a_person_approves_a_version_and_rolls_it_back(room: Room, chromium: Browser) -> None:
    page, path = admin(room.stack, chromium), f"/use-cases/{NAME}"
    room.stack.trigger(f"{NAME}_deployment", None, version=room.candidate)
    button = f"Approve version {room.candidate}"
    until_shown(page, path, button, seconds=300)
    wait_for(lambda: _waits(room), "the question in Airflow")
    with told("an approval, from the click to the sentence"):
        sentence = confirm(page, path, button, Remark="checked by a test")
    assert sentence == f"Version {room.candidate} is the champion."
    entry = room.last_entry()
    assert (entry["action"], entry["version"]) == ("promote", room.candidate)
    assert entry["by"] == "admin, who approved it in Airflow (checked by a test)"
    back = str(entry["replaced"])
    until_shown(page, path, f"Roll back to version {back}")
    with told("a rollback, from the click to the sentence"):
        sentence = confirm(page, path, f"Roll back to version {back}", Reason="only a test")
    assert f"Version {back} is the champion again" in sentence
    page.screenshot(path=PICTURES / "rolled_back.png")
    entry = room.last_entry()
    assert (entry["action"], entry["version"], entry["by"]) == ("rollback", back, "admin")
    assert entry["reason"] == "only a test"
    assert room.stack.champion(NAME)["version"] == back


def _waits(room: Room) -> bool:
    asked = f"dags/{NAME}_deployment/dagRuns/~/hitlDetails?state=awaiting_input&response_received=false"
    return bool(room.stack.airflow_api(asked)["hitl_details"])


def test_its_keys_can_only_read(stack: Stack) -> None:
    script = """
import os, boto3
from botocore.exceptions import ClientError
store = boto3.client("s3", endpoint_url="http://minio:9000", aws_access_key_id=os.environ["ROOM_ID"],
                     aws_secret_access_key=os.environ["ROOM_SECRET"], region_name="us-east-1")
assert store.list_objects_v2(Bucket="lake", MaxKeys=1)["ResponseMetadata"]["HTTPStatusCode"] == 200
tries = [lambda: store.put_object(Bucket="lake", Key="x", Body=b"x"),
         lambda: store.delete_object(Bucket="lake", Key="y"),
         lambda: store.list_objects_v2(Bucket="mlflow"), lambda: store.create_bucket(Bucket="own")]
for each in tries:
    try:
        each()
    except ClientError as error:
        print(error.response["Error"]["Code"])
    else:
        print("done")
"""
    secrets = stack.secrets
    keys = {"ROOM_ID": secrets["ROOM_S3_ACCESS_KEY_ID"], "ROOM_SECRET": secrets["ROOM_S3_SECRET_ACCESS_KEY"]}
    assert stack.python(script, **keys).split() == ["AccessDenied"] * 4
    login = ("room", secrets["MLFLOW_ROOM_PASSWORD"])
    experiment = stack.mlflow_api("experiments/search", params={"max_results": 1})["experiments"][0]["experiment_id"]
    for path, body in {
        "runs/create": {"experiment_id": experiment},
        "experiments/set-experiment-tag": {"experiment_id": experiment, "key": "x", "value": "y"},
        "experiments/delete": {"experiment_id": experiment},
    }.items():
        answer = stack.http.post(f"{stack.mlflow}/api/2.0/mlflow/{path}", json=body, auth=login)
        assert answer.status_code == 403, path
