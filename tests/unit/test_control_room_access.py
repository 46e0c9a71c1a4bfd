"""Logins, sessions, limits on guessing, forms from elsewhere, and acts of the embedded control room."""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alert_world import AlertWorld, alert
from fastapi.testclient import TestClient

from sluss.alerting.actions import read_actions
from sluss.config.settings import ROOT, Settings
from sluss.control_room.known import Known
from sluss.control_room.web import guard, login
from sluss.control_room.web.airflow import NotAllowedError
from sluss.control_room.web.app import create_app
from sluss.control_room.web.people import Person
from sluss.control_room.web.sessions import IDLE, Sessions
from sluss.control_room.web.sessions import LONGEST as LONGEST_SESSION
from sluss.errors import ServiceError
from sluss.guesses import FREE, LONGEST, Limits
from sluss.interval import parse_interval
from sluss.monitoring.tables import Monitored, write
from sluss.statistics.figures import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sluss.config.use_case import UseCase

PASSWORDS = {"ann": "right-for-ann", "vic": "right-for-vic", "pia": "right-for-pia"}


class Accounts:
    """The accounts of a test: ann acts, vic reads, pia may nothing."""

    asks = True

    def __init__(self) -> None:
        self.down, self.left = False, list[str]()
        self.actors, self.gone, self.asked = {"ann"}, set[str](), 0

    async def enter(self, name: str, password: str) -> Person | None:
        self.asked += 1
        if self.down:
            raise ServiceError("Airflow does not answer.")
        if PASSWORDS.get(name) != password:
            return None
        if name == "pia":
            raise NotAllowedError("This account may not read.")
        return Person(name, name in self.actors, token="of-airflow")

    async def confirm(self, person: Person) -> Person | None:
        if self.down:
            raise ServiceError("Airflow does not answer.")
        return None if person.name in self.gone else replace(person, may_act=person.name in self.actors)

    async def leave(self, person: Person) -> None:
        self.left.append(person.name)


@pytest.fixture(scope="module")
def days(sentiment: UseCase, new_home: Callable[[str], Path]) -> Path:
    """A home with two days whose alert is on."""
    found = AlertWorld(sentiment, new_home("days"))
    for each in (alert(2), alert(1, "ongoing", since=alert(2).since)):
        summary = Summary(each.interval, "1", "r", 300, {}, (), (), None, ())
        day = parse_interval(each.interval, sentiment.unit)
        write(found.context.lake, sentiment, day, Monitored(summary, (each,)))
    return found.home


@pytest.fixture(scope="module")
def seen(days: Path, sentiment: UseCase) -> Known:
    """The state of these days, read once."""
    state = Known(AlertWorld(sentiment, days).settings)
    state.refresh()
    return state


@pytest.fixture
def world(days: Path, sentiment: UseCase, tmp_path: Path) -> AlertWorld:
    """A copy of the days, to act on."""
    return AlertWorld(sentiment, Path(shutil.copytree(days, tmp_path / "home")))


@pytest.fixture
def known(request: pytest.FixtureRequest, seen: Known) -> Known:
    """The state of the copy where a test acts on it, of the original otherwise."""
    if "world" not in request.fixturenames:
        return seen
    state = Known(request.getfixturevalue("world").settings)
    state.refresh()
    return state


@pytest.fixture
def accounts() -> Accounts:
    """The accounts."""
    return Accounts()


@pytest.fixture
def asked(known: Known, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A browser before a control room that asks for a login."""
    monkeypatch.setattr(login, "_STEP", 0.01)
    with browser(known, accounts) as found:
        yield found


@pytest.fixture
def here(known: Known) -> Iterator[TestClient]:
    """A browser before the embedded control room."""
    with browser(known, None) as found:
        yield found


def browser(known: Known, accounts: Accounts | None, base: str = "http://localhost") -> TestClient:
    return TestClient(create_app(known.settings, accounts, known), base_url=base, follow_redirects=False)


def token_of(client: TestClient, path: str) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', client.get(path).text)
    assert found, path
    return found[1]


def log_in(client: TestClient, name: str, password: str = "", **more: str) -> Any:
    fields = {"form_token": token_of(client, "/login"), "name": name, "password": password or PASSWORDS[name]}
    return client.post("/login", data=fields | more)


def only_alert(known: Known) -> str:
    return next(life.id for life in known.get("sentiment").lives if life.is_open)


# -- Logins --


@pytest.mark.parametrize(
    "path", ["/", "/alerts", "/use-cases/sentiment", "/predictions", "/status.json", "/no-such-page", "/outcomes/x"]
)
def test_nothing_is_shown_without_a_login(asked: TestClient, path: str) -> None:
    answer = asked.get(path)
    assert answer.status_code in {303, 401}
    assert "sentiment" not in answer.text.lower()


def test_health_asks_for_no_login_and_shows_nothing(asked: TestClient) -> None:
    answer = asked.get("/health")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert "set-cookie" not in answer.headers


def test_a_login_leads_to_the_page_that_was_asked_for(asked: TestClient) -> None:
    there = asked.get("/alerts?x=1").headers["location"]
    assert there == "/login?next=/alerts%3Fx%3D1"
    answer = log_in(asked, "ann", next="/alerts?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts?x=1")
    assert asked.get("/alerts").status_code == 200


@pytest.mark.parametrize("there", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "x"])
def test_a_login_leads_to_no_other_site(asked: TestClient, there: str) -> None:
    assert log_in(asked, "ann", next=there).headers["location"] == "/"


def test_wrong_name_and_wrong_password_have_one_answer(asked: TestClient) -> None:
    wrong_password, wrong_name = log_in(asked, "ann", "wrong"), log_in(asked, "nobody", "wrong")
    sentences = [re.search(r'role="alert"><p>(.*?)</p>', answer.text)[1] for answer in (wrong_password, wrong_name)]
    assert sentences == [login.WRONG] * 2
    assert wrong_password.status_code == wrong_name.status_code == 401


def test_a_failure_takes_a_multiple_of_the_step(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "_STEP", 0.5)
    with browser(known, Accounts()) as client:
        token_of(client, "/login")
        began = time.monotonic()
        log_in(client, "nobody", "wrong")
        assert time.monotonic() - began >= 0.5


def test_the_session_cookie_is_out_of_reach(asked: TestClient, known: Known) -> None:
    cookie = log_in(asked, "ann").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    with browser(known, Accounts(), "https://localhost") as secure:
        cookie = log_in(secure, "ann").headers["set-cookie"]
        assert cookie.startswith("__Host-sluss_session=")
        assert "Secure" in cookie


def test_a_login_has_a_new_session_and_ends_the_old_one(asked: TestClient) -> None:
    log_in(asked, "ann")
    first = asked.cookies["sluss_session"]
    asked.cookies.delete("sluss_session")
    log_in(asked, "ann")
    assert asked.cookies["sluss_session"] != first
    forged = {"cookie": "sluss_session=chosen-by-a-stranger"}
    assert (
        TestClient(asked.app, base_url="http://localhost", headers=forged, follow_redirects=False).get("/").is_redirect
    )


def test_a_logout_ends_session_and_token(asked: TestClient, accounts: Accounts) -> None:
    log_in(asked, "ann")
    session = asked.cookies["sluss_session"]
    assert asked.post("/logout", data={"form_token": token_of(asked, "/")}).headers["location"] == "/login"
    assert accounts.left == ["ann"]
    asked.cookies.set("sluss_session", session)
    assert asked.get("/").is_redirect


def test_an_account_without_rights_and_a_silent_airflow_are_told(asked: TestClient, accounts: Accounts) -> None:
    answer = log_in(asked, "pia")
    assert (answer.status_code, "may not read" in answer.text) == (403, True)
    accounts.down = True
    answer = log_in(asked, "ann")
    assert (answer.status_code, "does not answer" in answer.text) == (503, True)


def test_a_lost_right_counts_within_minutes(
    asked: TestClient, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(asked, "ann")
    assert asked.get("/use-cases/sentiment/acts/train").status_code == 200
    monkeypatch.setattr(guard, "_CONFIRM", -1)
    accounts.actors.clear()
    assert asked.get("/use-cases/sentiment/acts/train").status_code == 403
    accounts.gone.add("ann")
    assert asked.get("/").is_redirect


def test_pages_stay_readable_while_airflow_is_down(
    asked: TestClient, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(asked, "ann")
    monkeypatch.setattr(guard, "_CONFIRM", -1)
    accounts.down = True
    assert asked.get("/").status_code == 200


def test_a_session_ends_when_idle_and_after_half_a_day() -> None:
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    idle, busy = sessions.begin(Person("ann", may_act=True)), sessions.begin(Person("ann", may_act=True))
    while now[0] < LONGEST_SESSION:
        assert sessions.get(busy)
        now[0] += IDLE / 2
    assert sessions.get(idle) is None
    now[0] = LONGEST_SESSION + 1
    assert sessions.get(busy) is None


def test_one_name_does_not_fill_the_sessions_of_others() -> None:
    sessions = Sessions()
    other = sessions.begin(Person("vic", may_act=False))
    own = [sessions.begin(Person("ann", may_act=True)) for _ in range(50)]
    assert sessions.get(other)
    assert [bool(sessions.get(each)) for each in own] == [False] * 30 + [True] * 20


# -- Limits on guessing --


def test_waits_grow_for_a_name_from_every_address() -> None:
    now = [0.0]
    limits, waits = Limits(lambda: now[0]), []
    for number in range(FREE["name"] + 12):
        wait = limits.wait("Ann ", f"10.0.0.{number}")
        if wait:
            waits.append(wait)
            now[0] += wait
            assert limits.wait("ann", "10.1.1.1") == 0.0
    assert waits == [min(2.0**number, LONGEST) for number in range(len(waits))]


def test_waits_grow_for_an_address_over_all_names() -> None:
    limits = Limits(lambda: 0.0)
    assert all(limits.wait(f"name{number}", "2001:db8::1") == 0 for number in range(FREE["address"]))
    assert limits.wait("another", "2001:db8::ffff") > 0
    assert limits.wait("another", "2001:db8:1::1") == 0


def test_a_success_frees_the_name_and_not_the_address() -> None:
    limits = Limits(lambda: 0.0)
    for number in range(FREE["address"]):
        assert limits.wait(f"name{number}", "a") == 0
    limits.succeeded("name0", "a")
    assert limits.wait("own", "a") == 0
    limits.succeeded("own", "a")
    assert limits.wait("x", "a") == 0
    assert limits.wait("y", "a") > 0


def test_a_flood_of_names_does_not_free_a_guessed_one() -> None:
    limits = Limits(lambda: 0.0)
    for number in range(FREE["name"]):
        limits.wait("ann", f"b{number}")
    for number in range(25_000):
        limits.wait(f"flood{number}", f"address{number}")
    assert limits.wait("ann", "b") > 0


def test_the_limit_holds_at_the_page_also_for_unknown_names(asked: TestClient, accounts: Accounts) -> None:
    answers = {name: [log_in(asked, name, "wrong").status_code for _ in range(7)] for name in ("ann", "nobody")}
    assert answers["ann"] == answers["nobody"] == [401] * 5 + [429] * 2
    assert accounts.asked == 10
    refused = log_in(asked, "ann", PASSWORDS["ann"])
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert "Try again in 1 second." in refused.text


def test_guesses_at_the_same_time_gain_nothing(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    monkeypatch.setattr(login, "_STEP", 0.2)
    accounts = Accounts()
    app = create_app(known.settings, accounts, known)

    async def guess() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            page = await client.get("/login")
            token = re.search(r'name="form_token" value="(.*?)"', page.text)[1]
            tries = ({"form_token": token, "name": "ann", "password": str(number)} for number in range(30))
            return [a.status_code for a in await asyncio.gather(*(client.post("/login", data=each) for each in tries))]

    assert sorted(asyncio.run(guess())) == [401] * 5 + [429] * 25
    assert accounts.asked == 5


# -- Requests from elsewhere --


def test_a_foreign_host_is_refused(here: TestClient) -> None:
    assert here.get("/", headers={"host": "evil.example"}).status_code == 400
    assert here.get("/", headers={"host": "127.0.0.1:8000"}).status_code == 200


def test_a_host_can_be_allowed(known: Known) -> None:
    settings = known.settings.model_copy(update={"control_room_hosts": "room.example.org,other.example.org"})
    with TestClient(create_app(settings, None, known)) as client:
        assert client.get("/health", headers={"host": "room.example.org"}).status_code == 200
        assert client.get("/health", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "https://localhost"},
        {"origin": "http://localhost:8080"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.usefixtures("world")
def test_a_form_of_another_site_is_refused(here: TestClient, known: Known, headers: dict[str, str]) -> None:
    path = f"/alerts/sentiment/{only_alert(known)}/acts/acknowledge"
    fields = {"form_token": token_of(here, path)}
    assert here.post(path, data=fields, headers=headers).status_code == 403
    own = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
    assert here.post(path, data=fields, headers=own).status_code == 303


@pytest.mark.usefixtures("world")
def test_a_form_needs_the_token_of_its_browser(here: TestClient, known: Known) -> None:
    path = f"/alerts/sentiment/{only_alert(known)}/acts/acknowledge"
    with TestClient(here.app, base_url="http://localhost") as other:
        foreign = token_of(other, path)
    token_of(here, path)
    for fields in ({}, {"form_token": ""}, {"form_token": foreign}, {"form_token": "é"}):
        assert here.post(path, data=fields).status_code == 403
    assert here.post(path, data={"form_token": token_of(here, path)}).status_code == 303


@pytest.mark.usefixtures("world")
def test_a_token_from_before_the_login_is_worthless(asked: TestClient, known: Known) -> None:
    before = token_of(asked, "/login")
    log_in(asked, "ann")
    path = f"/alerts/sentiment/{only_alert(known)}/acts/acknowledge"
    assert asked.post(path, data={"form_token": before}).status_code == 403


def test_a_large_form_is_refused(here: TestClient) -> None:
    assert here.post("/login", data={"name": "x" * 70_000}).status_code == 413
    assert here.post("/login", content=iter([b"name=x"])).status_code == 413


def test_every_answer_has_the_headers(asked: TestClient) -> None:
    answers = [
        asked.get("/login"),
        asked.get("/"),
        asked.get("/health"),
        asked.get("/static/style.css"),
        asked.post("/login", headers={"origin": "null"}),
        asked.get("/", headers={"host": "evil.example"}),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


# -- Acting --


def act(client: TestClient, path: str, **fields: str) -> Any:
    """Confirm an act, and return the page with its outcome."""
    answer = client.post(path, data={"form_token": token_of(client, path)} | fields)
    return client.get(answer.headers["location"]) if answer.status_code == 303 else answer


def test_an_alert_is_taken_silenced_and_commented_on(here: TestClient, known: Known, world: AlertWorld) -> None:
    path = f"/alerts/sentiment/{only_alert(known)}"
    assert "now belongs to" in act(here, f"{path}/acts/acknowledge", reason="mine").text
    assert "is silent until" in act(here, f"{path}/acts/silence", until="2d", reason="a new source").text
    assert "Noted on" in act(here, f"{path}/acts/comment", reason="<b>seen</b>").text
    known.refresh()
    shown = here.get(path).text
    assert "&lt;b&gt;seen&lt;/b&gt;" in shown
    assert "<b>seen</b>" not in shown
    kinds = [(each.action, each.reason) for each in read_actions(world.context.lake)]
    assert kinds == [("acknowledge", "mine"), ("silence", "a new source"), ("comment", "<b>seen</b>")]
    assert "is open again" in act(here, f"{path}/acts/reopen").text


def test_an_act_without_its_reason_asks_again_and_keeps_the_rest(here: TestClient, known: Known) -> None:
    answer = act(here, f"/alerts/sentiment/{only_alert(known)}/acts/silence", until="5d", reason="  ")
    assert answer.status_code == 400
    assert "Fill in &#39;Reason&#39;." in answer.text
    assert 'value="5d"' in answer.text


def test_a_wrong_time_is_a_sentence(here: TestClient, known: Known) -> None:
    answer = act(here, f"/alerts/sentiment/{only_alert(known)}/acts/silence", until="soon", reason="x")
    assert "Not done." in answer.text
    assert "is not a time" in answer.text


def test_acts_that_the_state_does_not_allow_do_not_exist(here: TestClient, known: Known) -> None:
    for path in ("/use-cases/sentiment/acts/rollback", "/use-cases/sentiment/acts/approve", "/use-cases/x/acts/train"):
        assert here.get(path).status_code == 404
    assert here.get(f"/alerts/sentiment/{only_alert(known)}/acts/close").status_code == 404
    assert here.get("/alerts/sentiment/zzzzzz/acts/comment").status_code == 404


def test_a_reader_sees_no_buttons_and_cannot_act(asked: TestClient, known: Known, world: AlertWorld) -> None:
    log_in(asked, "vic")
    path = f"/alerts/sentiment/{only_alert(known)}"
    for page in (path, "/use-cases/sentiment"):
        assert "/acts/" not in asked.get(page).text
    answer = asked.get(f"{path}/acts/acknowledge")
    assert (answer.status_code, "can read, and not act" in answer.text) == (403, True)
    answer = asked.post(f"{path}/acts/acknowledge", data={"form_token": token_of(asked, path)})
    assert answer.status_code == 403
    assert read_actions(world.context.lake) == []


@pytest.mark.usefixtures("world")
def test_an_outcome_is_for_the_person_who_acted(asked: TestClient, known: Known) -> None:
    log_in(asked, "ann")
    path = f"/alerts/sentiment/{only_alert(known)}/acts/comment"
    there = asked.post(path, data={"form_token": token_of(asked, path), "reason": "a secret"}).headers["location"]
    assert asked.get(there).status_code == 200
    asked.cookies.clear()
    log_in(asked, "vic")
    assert asked.get(there).status_code == 404


def test_a_place_for_many_does_not_start_without_accounts(tmp_path: Path) -> None:
    from sluss.control_room.web.serve import application
    from sluss.errors import ConfigError

    settings = Settings(home=tmp_path, data=None, place="stack", config_dir=ROOT / "config")
    with pytest.raises(ConfigError, match="SLUSS_AIRFLOW_URL"):
        application(settings)
    assert application(settings.model_copy(update={"airflow_url": "http://airflow"})).state.door.asks
