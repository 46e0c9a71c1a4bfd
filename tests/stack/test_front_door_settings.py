"""The front door's own settings, on an image of its own in front of a server that repeats what it was asked."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from running import Stack, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack

ECHO = """
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = json.dumps({"path": self.path, "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"""
FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}


@dataclass
class Doors:
    """Starts doors in front of the server."""

    stack: Stack
    name: str = field(default_factory=lambda: f"sluss-door-{uuid.uuid4().hex[:8]}")
    started: list[str] = field(default_factory=list)

    def run(self, *arguments: str, check: bool = True) -> Any:
        """Start a container on the network of these tests."""
        self.started.append(f"{self.name}-{len(self.started)}")
        options = ["--network", self.name, "--name", self.started[-1], "--read-only", "--tmpfs", "/tmp"]
        return self.stack.docker("run", *options, *arguments, check=check)

    def open(self, **settings: str) -> str:
        """Start a door with these settings; its address of the control room."""
        given = [part for name, value in settings.items() for part in ("--env", f"{name}={value}")]
        self.run("--detach", "--publish", "127.0.0.1::8000", *given, "sluss-door:0.1.0")
        port = self.stack.docker("port", self.started[-1], "8000").stdout.strip().rsplit(":", 1)[1]
        address = f"http://localhost:{port}"
        wait_for(lambda: httpx.get(f"{address}/").status_code == 200, "the door", seconds=30, poll=0.1)
        return address


@pytest.fixture(scope="module")
def doors(stack: Stack) -> Iterator[Doors]:
    found = Doors(stack)
    stack.docker("network", "create", found.name)
    try:
        found.run("--detach", "--network-alias", "control-room", "sluss-init:0.1.0", "python", "-c", ECHO)
        yield found
    finally:
        stack.docker("rm", "--force", *found.started, check=False)
        stack.docker("network", "rm", found.name)


@pytest.fixture(scope="module")
def plain(doors: Doors) -> str:
    return doors.open()


def test_only_a_known_proxy_names_the_callers_address(doors: Doors, plain: str) -> None:
    seen = httpx.get(plain, headers=FORGED).json()["headers"]
    assert "203.0.113.9" not in json.dumps(seen)
    assert seen["X-Forwarded-Proto"] == "http"
    assert "evil.example" not in json.dumps(seen)
    believing = doors.open(DOOR_PROXIES="10.0.0.0/8,172.16.0.0/12,192.168.0.0/16")
    seen = httpx.get(believing, headers=FORGED).json()["headers"]
    assert seen["X-Forwarded-For"] == "203.0.113.9"
    assert seen["X-Forwarded-Proto"] == "https"
    assert "evil.example" not in json.dumps(seen)


def test_pages_by_tls_are_their_own_origin_only_behind_a_known_proxy(doors: Doors, plain: str) -> None:
    believing = doors.open(DOOR_PROXIES="0.0.0.0/0", DOOR_HOSTS="room.example.org")
    for address, status in ((plain, 403), (believing, 200)):
        host = {"Host": "room.example.org", "Origin": "https://room.example.org", "X-Forwarded-Proto": "https"}
        assert httpx.get(address, headers=host).status_code == status


def test_more_names_come_from_the_settings(doors: Doors) -> None:
    address = doors.open(DOOR_HOSTS="box.example.org,*.lab.example.org, 192.0.2.7")

    def status(host: str) -> int:
        return httpx.get(address, headers={"Host": host}).status_code

    for known in ("box.example.org", "BOX.example.org:8443", "a.lab.example.org", "192.0.2.7:8000", "localhost"):
        assert status(known) == 200, known
    for unknown in ("lab.example.org.evil.example", "example.org", "192.0.2.8", "x.box.example.org"):
        assert status(unknown) == 403, unknown


@pytest.mark.parametrize(
    "settings",
    [{"DOOR_HOSTS": "a 1; } server { listen 8003"}, {"DOOR_HOSTS": "https://box"}, {"DOOR_PROXIES": "proxy.example"}],
)
def test_a_wrong_setting_is_refused_in_a_sentence(doors: Doors, settings: dict[str, str]) -> None:
    (name, value), *_ = settings.items()
    done = doors.run("--env", f"{name}={value}", "sluss-door:0.1.0", check=False)
    assert done.returncode == 2
    assert name.replace("DOOR", "SLUSS") in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_paths_and_the_headers_of_the_service_stay_as_they_are(plain: str) -> None:
    path = "/a%2Fb//c%20d?q=%2F&r=1"
    answer = httpx.get(plain + path)
    assert answer.json()["path"] == path
    assert answer.headers.get_list("referrer-policy") == ["no-referrer"]
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"


def test_a_service_that_is_away_is_named(doors: Doors, plain: str) -> None:
    server = doors.started[0]
    doors.stack.docker("stop", "--time", "0", server)
    try:
        answer = httpx.get(plain, timeout=30)
    finally:
        doors.stack.docker("start", server)
    assert answer.status_code == 502
    assert "'control-room' does not answer" in answer.text
    wait_for(lambda: httpx.get(plain).status_code == 200, "the server", seconds=30, poll=0.2)
