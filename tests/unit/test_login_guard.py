"""The middleware of Airflow's web server, before an app with Airflow's routes for logins."""

from __future__ import annotations

import asyncio
import importlib
import secrets
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import Body, FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse

from sluss.config.settings import ROOT
from sluss.guesses import FREE_OF_SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator

FREE = FREE_OF_SERVICES["pair"]
PLACES = ["/auth/token", "/auth/token/cli", "/auth/api/v1/security/login", "/auth/login/"]
LOGIN = {"username": "ann", "password": "right"}
FORM_KIND = "application/x-www-form-urlencoded"
SESSION = "of-a-person-who-has-logged-in"


@pytest.fixture
def guard() -> Iterator[Any]:
    """The module, as the image has it."""
    sys.path.insert(0, str(ROOT / "services" / "airflow"))
    yield importlib.import_module("login_guard")
    sys.path.pop(0)


@pytest.fixture
def app(guard: Any) -> Any:
    """Airflow's routes, as FAB has them: tokens below /auth, the form, and schemas of three applications."""
    inner, root = FastAPI(), FastAPI()

    @inner.post("/token", status_code=201)
    @inner.post("/token/cli", status_code=201)
    async def token(body: dict[str, Any] = Body(...)) -> dict[str, str]:  # noqa: B008 - FastAPI's way
        if not body.get("username"):
            raise HTTPException(400)
        await asyncio.sleep(0)
        if body != LOGIN:
            raise HTTPException(401)
        return {"access_token": "t"}

    @inner.post("/api/v1/security/login")
    async def security(body: dict[str, Any] = Body(...)) -> dict[str, str]:  # noqa: B008 - FastAPI's way
        return await token(body)

    @inner.post("/login/")
    async def login(request: Request) -> RedirectResponse:
        begun = request.cookies.get("session", "").strip('"') == SESSION
        form = (await request.body()).decode()
        right = begun or form == "username=ann&password=right"
        answer = RedirectResponse("/" if right else "/auth/login/?next=", 302)
        if right:
            answer.set_cookie("session", SESSION if begun else secrets.token_urlsafe())
        return answer

    root.mount("/auth", inner)
    root.mount("/execution", FastAPI())
    return guard.LoginGuard(root)


def ask(app: Any, *requests: tuple[str, str, dict[str, Any]], address: str = "10.0.0.1") -> list[httpx.Response]:
    """Send requests one after the other."""

    async def send() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://airflow") as client:
            return [await client.request(method, path, **more) for method, path, more in requests]

    return asyncio.run(send())


def wrong(path: str, number: int = 0, name: str = "ann") -> tuple[str, str, dict[str, Any]]:
    fields = {"username": name, "password": f"try {number}"}
    return "POST", path, {"data": fields} if path == "/auth/login/" else {"json": fields}


@pytest.mark.parametrize("path", PLACES)
def test_guesses_end_after_a_few_also_for_the_right_answer(app: Any, path: str) -> None:
    answers = ask(app, *(wrong(path, number) for number in range(40)))
    assert Counter(answer.status_code == 429 for answer in answers) == {False: FREE, True: 40 - FREE}
    assert int(answers[-1].headers["retry-after"]) >= 1
    right = ("POST", path, {"data": LOGIN} if path == "/auth/login/" else {"json": LOGIN})
    assert ask(app, right)[0].status_code == 429
    assert ask(app, right, address="10.0.0.2")[0].status_code in {200, 201, 302}


def test_all_places_share_one_count(app: Any) -> None:
    answers = ask(app, *(wrong(path, number) for number, path in enumerate(PLACES * 2)))
    assert answers[-1].status_code == 429


@pytest.mark.parametrize("path", PLACES)
def test_right_logins_have_no_limit_and_free_the_name(app: Any, path: str) -> None:
    right = ("POST", path, {"data": LOGIN} if path == "/auth/login/" else {"json": LOGIN})
    answers = ask(app, *[right, *(wrong(path, number) for number in range(FREE - 1))] * 5)
    assert 429 not in {answer.status_code for answer in answers}


@pytest.mark.parametrize("cookie", [f"session={SESSION}", f'session="{SESSION}"', f"a=b; session={SESSION}"])
def test_a_session_of_another_person_does_not_free_a_name(app: Any, cookie: str) -> None:
    """Airflow leads a person with a session on, without a look at the name and the password in the form."""
    led_on = ("POST", "/auth/login/", {"data": {"username": "ann", "password": "?"}, "headers": {"Cookie": cookie}})
    answers = ask(app, *[wrong("/auth/token", 1), wrong("/auth/token", 2), led_on] * 10)
    counts = Counter(answer.status_code for answer in answers)
    assert counts[401] == FREE
    assert ask(app, led_on, address="10.0.0.3")[0].headers["location"] == "/"


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", "text/plain", "", "application/json"])
def test_a_form_of_another_kind_is_not_a_login(app: Any, kind: str) -> None:
    """In the text before its parts, it could name another account than the one that Airflow reads."""
    part = b'--b\r\nContent-Disposition: form-data; name="username"\r\n\r\nann\r\n--b--\r\n'
    asked = {"content": b"&username=another&\r\n" + part, "headers": {"Content-Type": kind} if kind else {}}
    assert {answer.status_code for answer in ask(app, *[("POST", "/auth/login/", asked)] * 10)} == {415}
    plain = {"content": b"username=ann&password=right", "headers": {"Content-Type": FORM_KIND + "; charset=utf-8"}}
    assert ask(app, ("POST", "/auth/login/", plain))[0].headers["location"] == "/"


def test_what_could_not_be_judged_does_not_count(app: Any) -> None:
    answers = ask(app, *[("POST", "/auth/token", {"json": {}})] * 50)
    assert {answer.status_code for answer in answers} == {400}


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'{"username": 5}', b"\xff", b"[" * 50_000])
def test_a_body_that_names_nobody_is_passed_on(app: Any, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    assert ask(app, ("POST", "/auth/token", {"content": body, "headers": headers}))[0].status_code in {400, 401, 422}
    assert ask(app, ("POST", "/auth/token", {"content": b" " * 200_000}))[0].status_code == 413


def test_the_same_login_at_the_same_time_is_one_attempt_and_others_are_not(app: Any) -> None:
    async def at_once(requests: list[tuple[str, str, dict[str, Any]]]) -> Counter[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://airflow") as client:
            asked = (client.request(method, path, **more) for method, path, more in requests)
            return Counter(answer.status_code for answer in await asyncio.gather(*asked))

    assert asyncio.run(at_once([("POST", "/auth/token", {"json": LOGIN})] * 20)) == {201: 20}
    assert asyncio.run(at_once([wrong("/auth/token", n) for n in range(20)])) == {401: FREE, 429: 20 - FREE}


@pytest.mark.parametrize("below", ["", "/auth", "/execution"])
@pytest.mark.parametrize("page", ["/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect", "//docs", "/docs/"])
def test_interactive_pages_and_schemas_are_off(app: Any, below: str, page: str) -> None:
    for method in ("GET", "HEAD"):
        assert ask(app, (method, below + page, {}))[0].status_code == 404
