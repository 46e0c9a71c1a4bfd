"""The front door: the only container with open ports, and the rules that it keeps for the pages behind it."""

from __future__ import annotations

import socket
import uuid
from typing import TYPE_CHECKING

import httpx
import pytest
from running import PORTS, ROOT, Stack

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.stack

PAGES = {
    "mlflow": f"http://localhost:{PORTS['MLFLOW_PORT']}",
    "airflow": f"http://localhost:{PORTS['AIRFLOW_PORT']}",
    "console": f"http://localhost:{PORTS['MINIO_CONSOLE_PORT']}",
    "room": f"http://localhost:{PORTS['CONTROL_ROOM_PORT']}",
}
HEADERS = {
    "x-frame-options": {"SAMEORIGIN", "DENY"},
    "x-content-type-options": {"nosniff"},
    "referrer-policy": {"same-origin", "strict-origin-when-cross-origin"},
    "cross-origin-opener-policy": {"same-origin"},
    "cross-origin-resource-policy": {"same-origin"},
}
ANYWHERE = ("access-control-allow-origin", "access-control-allow-credentials")
CREATE = "/api/2.0/mlflow/experiments/create"


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, stack: Stack) -> str:
    """The address of one of the pages."""
    assert stack.http
    return PAGES[request.param]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "localhost.evil.example", "10.0.0.1:{port}"])
def test_a_foreign_host_gets_no_page_and_no_redirect(page: str, host: str) -> None:
    answer = httpx.get(f"{page}/login", headers={"Host": host.format(port=page.rsplit(":", 1)[1])})
    assert answer.status_code == 403
    assert "SLUSS_HOSTS" in answer.text
    assert "location" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "localhost:evil.example", "localhost:1@evil"])
def test_the_address_in_the_first_line_does_not_hide_a_foreign_host(page: str, host: str) -> None:
    """It counts as the host, but the services read the header."""
    port = page.rsplit(":", 1)[1]
    lines = f"GET {page}/login HTTP/1.1\r\nHost: {host.format(port=port)}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("localhost", int(port)), timeout=10) as connection:
        connection.sendall(lines.encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answer.split(b"\r\n")[0] == b"HTTP/1.1 403 Forbidden"


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "http://127.0.0.1:{port}", "https://localhost:{port}", "null"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_of_another_origin_reads_and_changes_nothing(page: str, origin: str, method: str) -> None:
    asked = {"Origin": origin.format(port=page.rsplit(":", 1)[1]), "Access-Control-Request-Method": "POST"}
    answer = httpx.request(method, f"{page}/", headers=asked)
    assert answer.status_code == 403
    assert not [name for name in ANYWHERE if name in answer.headers]


def test_no_other_port_of_this_machine_creates_an_experiment(stack: Stack) -> None:
    login = ("admin", stack.secrets["MLFLOW_ADMIN_PASSWORD"])

    def create(**headers: str) -> httpx.Response:
        name = {"name": f"door-{uuid.uuid4()}"}
        return httpx.post(stack.mlflow + CREATE, json=name, auth=login, headers=headers)

    assert create(Origin="http://localhost:3000").status_code == 403
    assert create(**{"Sec-Fetch-Site": "same-site"}).status_code == 403
    own = create(Origin=stack.mlflow, **{"Sec-Fetch-Site": "same-origin"})
    assert own.status_code == 200
    assert not [name for name in ANYWHERE if name in own.headers]
    assert create().status_code == 200  # a program


@pytest.mark.parametrize(
    ("mode", "kind", "refused"),
    [
        ("navigate", "document", False),
        ("navigate", "iframe", True),
        ("no-cors", "image", True),
        ("cors", "empty", True),
    ],
)
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_leads_here_and_nothing_else_does(page: str, site: str, mode: str, kind: str, refused: bool) -> None:
    fetched = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": kind}
    assert (httpx.get(f"{page}/", headers=fetched).status_code == 403) is refused


@pytest.mark.parametrize("path", ["/", "/no-such-page"])
def test_every_answer_has_each_header_once(page: str, path: str) -> None:
    for headers in ({}, {"Host": "evil.example"}):
        found = httpx.get(page + path, headers=headers).headers
        for name, values in HEADERS.items():
            (value,) = found.get_list(name)
            assert value in values, name
        (policy,) = found.get_list("content-security-policy")
        assert "default-src" in policy
        assert "://" not in policy


@pytest.mark.nightly
def test_the_pages_work_under_their_policy(stack: Stack, chromium: Browser) -> None:
    password = stack.secrets["MLFLOW_ADMIN_PASSWORD"]
    context = chromium.new_context(http_credentials={"username": "admin", "password": password, "origin": stack.mlflow})
    opened, broken = context.new_page(), []
    opened.on("console", lambda line: broken.append(line.text) if "Content Security" in line.text else None)
    opened.goto(f"{stack.mlflow}/#/experiments")
    opened.get_by_role("link", name="Default").first.wait_for()
    _to_airflow(stack, opened)
    opened.goto(f"{stack.airflow}/dags/sentiment_scoring/code")
    opened.locator(".monaco-editor .view-line").first.wait_for()
    opened.goto(f"{stack.airflow}/auth/users/list/")
    opened.get_by_text("admin@localhost").first.wait_for()
    _to_the_console(stack, opened)
    opened.screenshot(path=ROOT / "var" / "screenshots" / "console.png")
    context.close()
    assert not broken


def _to_airflow(stack: Stack, opened: Page) -> None:
    opened.goto(stack.airflow)
    opened.fill("input[name=username]", stack.secrets["AIRFLOW_ADMIN_USER"])
    opened.fill("input[name=password]", stack.secrets["AIRFLOW_ADMIN_PASSWORD"])
    opened.click("input[type=submit]")
    opened.get_by_text("Active Dags").or_(opened.get_by_text("Dag Runs")).first.wait_for()


def _to_the_console(stack: Stack, opened: Page) -> None:
    opened.goto(stack.console)
    opened.fill("#accessKey", stack.secrets["MINIO_VIEWER_USER"])
    opened.fill("#secretKey", stack.secrets["MINIO_VIEWER_PASSWORD"])
    opened.click("#do-login")
    opened.get_by_text("mlflow").first.wait_for()


@pytest.mark.parametrize("path", ["/api/v1/login", "/api//v1/login", "/api/v1//login", "/api/v1/login/"])
def test_passwords_of_the_console_cannot_be_tried_in_a_row(stack: Stack, path: str) -> None:
    wrong = {"accessKey": "viewer", "secretKey": "a-guess-that-is-wrong"}
    # As it stands: httpx would mend the path.
    address = httpx.URL(stack.console).copy_with(raw_path=path.encode())
    answers = [stack.http.post(address, json=wrong) for _ in range(20)]
    assert [each.status_code for each in answers].count(401) <= 8
    assert answers[-1].status_code == 429
    assert "wait a minute" in answers[-1].text


@pytest.mark.parametrize(
    ("service", "path"),
    [("airflow", "/api/v2/connections"), ("console", "/api/v1/login"), ("mlflow", "/api/2.0/mlflow/runs/search")],
)
def test_a_request_that_would_fill_a_services_memory_is_refused(stack: Stack, service: str, path: str) -> None:
    """Some services read all of it before they ask for a login."""
    whole = 40_000_000
    declared = {"Content-Length": str(whole)}
    parts = (b"x" * 1_000_000 for _ in range(whole // 1_000_000))
    try:
        answer = httpx.post(PAGES[service] + path, content=parts, headers=declared, timeout=60)
    except (httpx.WriteError, httpx.ReadError):
        pass  # the door hung up
    else:
        assert answer.status_code in {413, 429}
    login = ("admin", stack.secrets["MLFLOW_ADMIN_PASSWORD"])
    upload = f"{stack.mlflow}/api/2.0/mlflow-artifacts/artifacts/0/large.bin"
    assert httpx.put(upload, content=b"x" * whole, auth=login, timeout=60).status_code == 200
    assert httpx.delete(upload, auth=login, timeout=60).status_code == 200
