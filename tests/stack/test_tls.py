"""TLS in front of the door: one open port, and every page under a name of its own."""

from __future__ import annotations

import json
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest
from running import PROJECT, Stack, told

from sluss.stack.pages import own_ca

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.stack, pytest.mark.nightly]

PORT = "18443"
DOMAIN = "sluss.localhost"
NAMES = {"room": DOMAIN} | {name: f"{name}.{DOMAIN}" for name in ("airflow", "mlflow", "minio")}
TLS = {"SLUSS_DOMAIN": DOMAIN, "TLS_PORT": PORT}


@dataclass
class Secured:
    """The stack behind TLS."""

    stack: Stack
    http: httpx.Client

    def ask(self, name: str, path: str = "/", method: str = "GET", **given: object) -> httpx.Response:
        """Ask a page as a browser would, wherever this machine's names lead."""
        host = NAMES[name]
        headers = {"Host": f"{host}:{PORT}", **given.pop("headers", {})}  # type: ignore[dict-item]
        request = self.http.build_request(method, f"https://127.0.0.1:{PORT}{path}", headers=headers, **given)  # type: ignore[arg-type]
        request.extensions["sni_hostname"] = host
        return self.http.send(request)


@pytest.fixture(scope="module")
def secured(stack: Stack) -> Iterator[Secured]:
    """The same stack with a domain; afterwards without it."""
    stack.environment |= TLS
    try:
        with told("make up with TLS"):
            stack.command("up")
        with httpx.Client(verify=ssl.create_default_context(cafile=str(own_ca())), timeout=60) as client:
            yield Secured(stack, client)
    finally:
        for name in TLS:
            del stack.environment[name]
        with told("make up without TLS"):
            stack.command("up")


def test_one_port_is_open(secured: Secured) -> None:
    listed = secured.stack.docker("ps", "--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}")
    found = json.loads(secured.stack.docker("inspect", *listed.stdout.split()).stdout)
    bound = [bind for each in found for binds in (each["HostConfig"]["PortBindings"] or {}).values() for bind in binds]
    assert bound == [{"HostIp": "127.0.0.1", "HostPort": PORT}]


def test_each_page_answers_with_a_certificate_of_its_own(secured: Secured) -> None:
    answers = {name: secured.ask(name, "/health" if name == "room" else "/") for name in NAMES}
    assert {name: each.status_code for name, each in answers.items()} == {
        "room": 200, "airflow": 200, "mlflow": 401, "minio": 200,
    }  # fmt: skip
    for each in answers.values():
        assert each.headers["strict-transport-security"] == "max-age=31536000"
        assert "content-security-policy" in each.headers


def test_plain_http_is_sent_to_tls(secured: Secured) -> None:
    assert secured.http
    with socket.create_connection(("127.0.0.1", int(PORT)), timeout=30) as connection:
        connection.sendall(f"GET /dags HTTP/1.1\r\nHost: airflow.{DOMAIN}:{PORT}\r\n\r\n".encode())
        lines = connection.makefile().read().splitlines()
    assert " 308 " in lines[0]
    assert f"location: https://airflow.{DOMAIN}:{PORT}/dags" in [line.replace("Location", "location") for line in lines]


@pytest.mark.parametrize("name", NAMES)
def test_the_names_are_origins_apart(secured: Secured, name: str) -> None:
    other = NAMES["mlflow" if name != "mlflow" else "airflow"]
    for origin, refused in ((f"https://{other}:{PORT}", True), (f"https://{NAMES[name]}:{PORT}", False)):
        answer = secured.ask(name, "/no-such-page", headers={"Origin": origin})
        assert (answer.status_code == 403 and "another address" in answer.text) is refused


def test_logins_work_and_their_cookies_need_tls(secured: Secured, chromium: Browser) -> None:
    secrets = secured.stack.secrets
    address = {name: f"https://{host}:{PORT}" for name, host in NAMES.items()}
    context = chromium.new_context(
        # It knows no CA of ours; the other tests check the certificates.
        ignore_https_errors=True,
        http_credentials={
            "username": "admin", "password": secrets["MLFLOW_ADMIN_PASSWORD"], "origin": address["mlflow"],
        },
    )  # fmt: skip
    page = context.new_page()
    page.goto(address["airflow"])
    page.fill("input[name=username]", secrets["AIRFLOW_ADMIN_USER"])
    page.fill("input[name=password]", secrets["AIRFLOW_ADMIN_PASSWORD"])
    page.click("input[type=submit]")
    page.wait_for_url(f"{address['airflow']}/")
    page.goto(address["room"])
    page.fill("input[name=name]", secrets["AIRFLOW_ADMIN_USER"])
    page.fill("input[name=password]", secrets["AIRFLOW_ADMIN_PASSWORD"])
    page.click("button")
    page.wait_for_url(f"{address['room']}/")
    page.goto(address["minio"])
    page.fill("#accessKey", secrets["MINIO_VIEWER_USER"])
    page.fill("#secretKey", secrets["MINIO_VIEWER_PASSWORD"])
    page.click("#do-login")
    page.get_by_text("mlflow").first.wait_for()
    page.goto(f"{address['mlflow']}/#/experiments")
    page.get_by_role("link", name="Default").first.wait_for()
    cookies = {each["domain"]: each["secure"] for each in context.cookies()}
    assert {NAMES["airflow"], NAMES["room"], NAMES["minio"]} <= {*cookies}
    assert all(each["secure"] for each in context.cookies()), cookies
    context.close()


def test_commands_of_this_machine_go_through_tls(secured: Secured) -> None:
    shown = secured.stack.command("login").stdout
    assert f"https://airflow.{DOMAIN}:{PORT}" in shown
    assert str(own_ca()) in shown
    done = secured.stack.command(
        "backfill", "--use-case", "nothing", "--from", "2026-01-02", "--to", "2026-01-02", check=False
    )
    assert "Airflow has no DAG nothing_scoring" in done.stderr
