"""Logins with an identity provider: the whole flow against one on this machine, and everything that goes wrong."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from oidc_provider_mock import run_server_in_thread
from pydantic import SecretStr
from werkzeug.wrappers import Response

from sluss.config.settings import Settings
from sluss.control_room.known import Known
from sluss.control_room.web import guard, login
from sluss.control_room.web.app import create_app
from sluss.control_room.web.people import Person
from sluss.control_room.web.provider import provider_of
from sluss.control_room.web.sessions import Sessions
from sluss.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN, KEYS, DISCOVERY = "/oauth2/token", "/jwks", "/.well-known/openid-configuration"
# Of oidc-provider-mock 0.3, which implements Authlib's server.
pytestmark = pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning")


class Accounts:
    """Airflow's accounts: ann acts, and of a person without a token of Airflow it knows nothing."""

    asks = True

    async def enter(self, name: str, password: str) -> Person | None:
        return Person(name, may_act=True, token="of-airflow") if (name, password) == ("ann", "right-for-ann") else None

    async def confirm(self, person: Person) -> Person | None:
        return person if person.token else None

    async def leave(self, person: Person) -> None:
        assert person.token


class Served:
    """The provider, as a test sees and disturbs it."""

    def __init__(self, server: Any) -> None:
        self.issuer = f"http://localhost:{server.server_port}"
        self.exchanged: list[dict[str, list[str]]] = []  # codes for tokens
        self.host = ""  # that it claims to be
        self.after: Callable[[], None] = lambda: None
        self.changed: dict[str, Callable[[dict[str, Any]], object]] = {}  # answers, by their path
        self._inner, server.app = server.app, self

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        if self.host:
            environ["HTTP_HOST"] = self.host
        if path == TOKEN:
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            self.exchanged.append(parse_qs(body.decode()))
            environ["wsgi.input"] = io.BytesIO(body)
        if path not in {TOKEN, *self.changed}:
            return self._inner(environ, start_response)
        answer = Response.from_app(self._inner, environ)
        if path in self.changed:
            content = json.loads(answer.get_data())
            self.changed[path](content)
            answer.set_data(json.dumps(content))
        self.after()
        return answer(environ, start_response)

    def forges(self, head: dict[str, str], key: OctKey | RSAKey, **claims: object) -> None:
        """From now on, hand out tokens with other claims, signed by that key."""

        def forge(content: dict[str, Any]) -> None:
            payload = content["id_token"].split(".")[1]
            given = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) | claims
            kept = {name: value for name, value in given.items() if value is not None}
            if head["alg"] == "none":
                content["id_token"] = ".".join([*map(_encoded, (head, kept)), ""])
            else:
                content["id_token"] = jwt.encode(head, kept, key, algorithms=[head["alg"]])

        self.changed[TOKEN] = forge

    def knows(self, name: str, **claims: object) -> None:
        httpx.put(f"{self.issuer}/users/{name}", json=claims).raise_for_status()

    def answer(self, address: str, name: str, **more: str) -> str:
        """Log in there as the person, and return the address to which the browser is sent back."""
        return httpx.post(address, data={"sub": name} | more).headers["location"]


def _encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


@pytest.fixture
def served() -> Iterator[Served]:
    """A provider."""
    with run_server_in_thread(require_nonce=True) as server:
        yield Served(server)


@pytest.fixture(scope="module")
def known(new_home: Callable[[str], Path]) -> Known:
    """The state of a home without rows."""
    state = Known(Settings(home=new_home("provided")))
    state.refresh()
    return state


@pytest.fixture
def room(known: Known, served: Served) -> Callable[..., TestClient]:
    """Open a browser before a control room that knows the provider."""

    def opened(base: str = "http://localhost", **changed: Any) -> TestClient:
        own = {"oidc_issuer": served.issuer, "oidc_client_id": "room", "oidc_client_secret": SecretStr("s3")} | changed
        settings = known.settings.model_copy(update=own)
        return TestClient(create_app(settings, Accounts(), known), base_url=base, follow_redirects=False)

    return opened


def start(client: TestClient, there: str = "/") -> str:
    answer = client.get("/login/oidc", params={"next": there})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def enter(client: TestClient, served: Served, name: str = "vic", there: str = "/") -> Any:
    return client.get(served.answer(start(client, there), name))


def told(answer: Any) -> str:
    found = re.search(r'role="alert"><p>(.*?)</p>', answer.text)
    assert found, answer.text
    return found[1]


def test_a_person_comes_in_by_the_provider(room: Callable[..., TestClient], served: Served) -> None:
    client = room()
    host = urlsplit(served.issuer).netloc
    assert f'href="/login/oidc?next=/alerts">Log in with {host}' in client.get("/login?next=/alerts").text
    sent = parse_qs(urlsplit(start(client, "/alerts?x=1")).query)
    assert (sent["response_type"], sent["code_challenge_method"]) == (["code"], ["S256"])
    assert {"openid", "profile", "email"} == set(sent["scope"][0].split())
    answer = enter(client, served, there="/alerts?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts?x=1")
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith("sluss_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "vic (reader)" in re.sub("</?span>", "", client.get("/").text)


def test_the_code_is_exchanged_with_the_verifier_of_its_challenge(
    room: Callable[..., TestClient], served: Served
) -> None:
    client = room()
    address = start(client)
    client.get(served.answer(address, "vic"))
    verifier = served.exchanged[-1]["code_verifier"][0]
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    assert parse_qs(urlsplit(address).query)["code_challenge"] == [digest]


def test_such_a_person_reads_here_and_acts_in_airflow(room: Callable[..., TestClient], served: Served) -> None:
    client = room()
    enter(client, served)
    page = client.get("/use-cases/sentiment").text
    assert 'href="http://localhost:8080/dags/sentiment_training"' in page
    assert "follow a link to the form in Airflow, which decides what you may do" in page
    assert "/acts/" not in page
    assert re.findall(r'<form [^>]*action="(.*?)"', page) == ["/logout"]
    token = re.search(r'name="form_token" value="(.*?)"', page)
    assert token
    for answer in (
        client.get("/use-cases/sentiment/acts/train"),
        client.post("/use-cases/sentiment/acts/train", data={"form_token": token[1]}),
    ):
        assert answer.status_code == 403
        assert "act in Airflow" in answer.text


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "vera", "email": "v@example.org"}, "vera"),
        ({"email": "v@example.org"}, "v@example.org"),
        ({}, "vic"),
        ({"preferred_username": "<b>bold</b>"}, "&lt;b&gt;bold&lt;/b&gt;"),
        ({"preferred_username": ["a"], "email": " "}, "vic"),
    ],
)
def test_the_name_comes_from_the_first_claim_that_has_one(
    room: Callable[..., TestClient], served: Served, claims: dict[str, object], name: str
) -> None:
    client = room()
    served.knows("vic", **claims)
    enter(client, served)
    assert f"<span>{name} (reader)</span>" in client.get("/").text


@pytest.mark.parametrize("groups", [["readers", "others"], "readers"])
def test_a_group_lets_its_members_in(room: Callable[..., TestClient], served: Served, groups: object) -> None:
    served.knows("vic", groups=groups)
    assert enter(room(oidc_group="readers"), served).status_code == 303


@pytest.mark.parametrize("claims", [{}, {"groups": ["others"]}, {"groups": "readers-of-else"}, {"groups": {"a": 1}}])
def test_others_stay_outside(room: Callable[..., TestClient], served: Served, claims: dict[str, object]) -> None:
    client = room(oidc_group="readers")
    served.knows("vic", **claims)
    answer = enter(client, served)
    assert answer.status_code == 403
    assert "is not in the group &#39;readers&#39;" in told(answer)
    assert client.get("/").is_redirect


def test_a_group_may_stand_in_the_userinfo_alone(room: Callable[..., TestClient], served: Served) -> None:
    served.after = lambda: served.knows("vic", groups=["readers"])
    assert enter(room(oidc_group="readers"), served).status_code == 303


def test_a_wrong_state_and_another_browser_are_refused(room: Callable[..., TestClient], served: Served) -> None:
    client = room()
    back = served.answer(start(client), "vic")
    for browser, address in (
        (client, re.sub("state=[^&]+", "state=forged", back)),
        (TestClient(client.app, base_url="http://localhost", follow_redirects=False), back),
    ):
        answer = browser.get(address)
        assert (answer.status_code, told(answer)) == (
            401,
            "This login was begun in another browser, or too long ago: begin it again.",
        )
        assert browser.get("/").is_redirect
    assert not served.exchanged


def test_a_wrong_nonce_is_refused(room: Callable[..., TestClient], served: Served) -> None:
    client = room()
    answer = client.get(served.answer(re.sub("nonce=[^&]+", "nonce=forged", start(client)), "vic"))
    assert answer.status_code == 401
    assert "cannot be trusted" in told(answer)
    assert client.get("/").is_redirect


@pytest.fixture(scope="module")
def key() -> RSAKey:
    """A key of the test's own."""
    return RSAKey.generate_key(2048)


@pytest.mark.parametrize(
    ("claims", "accepted"),
    [
        ({}, True),
        ({"aud": "another"}, False),
        ({"aud": None}, False),
        ({"aud": ["room", "another"], "azp": "another"}, False),
        ({"iss": "https://elsewhere.example"}, False),
        ({"exp": 1}, False),
        ({"exp": None}, False),
        ({"nonce": None}, False),
        ({"sub": None}, False),
    ],
)
def test_every_claim_of_a_token_is_checked(
    room: Callable[..., TestClient], served: Served, key: RSAKey, claims: dict[str, object], *, accepted: bool
) -> None:
    served.changed[KEYS] = lambda content: content.update(keys=[key.as_dict(private=False)])
    served.forges({"alg": "RS256"}, key, **claims)
    assert enter(room(), served).status_code == (303 if accepted else 401)


@pytest.mark.parametrize("algorithm", ["RS256", "none", "HS256"])
def test_a_token_that_the_provider_did_not_sign_is_refused(
    room: Callable[..., TestClient], served: Served, key: RSAKey, algorithm: str
) -> None:
    served.changed[DISCOVERY] = lambda content: content.update(
        id_token_signing_alg_values_supported=["RS256", "none", "HS256"]
    )
    served.forges({"alg": algorithm}, key if algorithm == "RS256" else OctKey.import_key("s3" * 16))
    assert enter(room(), served).status_code == 401


def test_an_old_code_and_a_refusal_are_told(room: Callable[..., TestClient], served: Served) -> None:
    client = room()
    answer = client.get(re.sub("code=[^&]+", "code=expired", served.answer(start(client), "vic")))
    assert (answer.status_code, "refuses this login (invalid_grant)" in told(answer)) == (401, True)
    answer = client.get(served.answer(start(client), "vic", action="deny"))
    assert (answer.status_code, "refuses this login (access_denied)" in told(answer)) == (401, True)
    answer = client.get("/login/oidc/back", params={"error": "<b>call nobody</b>", "error_description": "call nobody"})
    assert "nobody" not in answer.text


def test_an_answer_serves_once(room: Callable[..., TestClient], served: Served) -> None:
    client = room()
    back = served.answer(start(client), "vic")
    assert client.get(back).status_code == 303
    client.cookies.delete("sluss_session")
    assert client.get(back).status_code == 401


def test_a_provider_that_is_down_or_another_one_is_told(room: Callable[..., TestClient], served: Served) -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        issuer = f"http://localhost:{free.getsockname()[1]}"
    answer = room(oidc_issuer=issuer).get("/login/oidc")
    assert (answer.status_code, "does not answer as it should" in told(answer)) == (503, True)
    assert room(oidc_issuer=f"{served.issuer}/none").get("/login/oidc").status_code == 503
    served.host = "elsewhere.example"
    answer = room().get("/login/oidc")
    assert (answer.status_code, "cannot be trusted" in told(answer)) == (401, True)


def test_the_flow_leads_to_no_other_site(room: Callable[..., TestClient], served: Served) -> None:
    assert enter(room(), served, there="https://evil.example").headers["location"] == "/"


def test_with_tls_the_flows_cookie_is_secure(room: Callable[..., TestClient], served: Served) -> None:
    client = room("https://localhost")
    answer = client.get("/login/oidc")
    cookie = next(each for each in answer.headers.get_list("set-cookie") if "flow" in each)
    assert cookie.startswith("__Host-sluss_flow=")
    assert {"secure", "httponly", "samesite=lax"} <= {part.strip().lower() for part in cookie.split(";")}
    assert client.get(served.answer(answer.headers["location"], "vic")).status_code == 303


def test_a_logout_ends_the_session_and_offers_that_of_the_provider(
    room: Callable[..., TestClient], served: Served
) -> None:
    client = room()
    enter(client, served)
    session = client.cookies["sluss_session"]
    token = re.search(r'name="form_token" value="(.*?)"', client.get("/").text)
    assert token
    answer = client.post("/logout", data={"form_token": token[1]})
    assert answer.headers["location"] == "/login?left=1"
    page = client.get("/login?left=1").text
    assert f'href="{served.issuer}/oauth2/end_session?client_id=room"' in page
    client.cookies.set("sluss_session", session)
    assert client.get("/").is_redirect


def test_the_session_goes_on_although_airflow_does_not_know_the_person(
    room: Callable[..., TestClient], served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = room()
    enter(client, served)
    monkeypatch.setattr(guard, "_CONFIRM", -1)
    assert client.get("/").status_code == 200


def test_names_and_passwords_of_airflow_stay_valid(
    room: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "_STEP", 0.01)
    client = room()
    token = re.search(r'name="form_token" value="(.*?)"', client.get("/login").text)
    assert token
    fields = {"form_token": token[1], "name": "ann", "password": "right-for-ann"}
    assert client.post("/login", data=fields).status_code == 303
    assert "/use-cases/sentiment/acts/train" in client.get("/use-cases/sentiment").text


def test_without_a_provider_there_is_no_such_login(room: Callable[..., TestClient]) -> None:
    client = room(oidc_issuer=None)
    assert "/login/oidc" not in client.get("/login").text
    assert [client.get(path).status_code for path in ("/login/oidc", "/login/oidc/back")] == [404, 404]


def test_the_same_name_of_two_origins_is_two_persons() -> None:
    sessions = Sessions()
    own = sessions.begin(Person("ann", may_act=True, token="of-airflow"))
    for _ in range(30):
        sessions.begin(Person("ann", may_act=False, provider="login.example.org"))
    assert sessions.get(own)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"oidc_issuer": "http://login.example.org", "oidc_client_id": "room"}, "by https alone"),
        ({"oidc_issuer": "login.example.org", "oidc_client_id": "room"}, "by https alone"),
        ({"oidc_issuer": "https://login.example.org"}, "SLUSS_OIDC_CLIENT_ID"),
    ],
)
def test_settings_that_cannot_work_are_refused(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        provider_of(Settings().model_copy(update=changed))
    assert provider_of(Settings()) is None
