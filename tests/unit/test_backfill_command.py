"""`make backfill`: what was queued and where to watch, and one sentence where it cannot be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
DAYS = ["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"]
RUNS = {"backfills": [{"logical_date": day, "partition_key": None} for day in DAYS], "total_entries": len(DAYS)}
NOTHING: dict[str, Any] = {"backfills": [], "total_entries": 0}
RUNNING = {"detail": "Another backfill is running for Dag sentiment_scoring."}
INVALID = {"detail": [{"loc": ["body", "to_date"], "msg": "to_date is before from_date"}]}


class Airflow(BaseHTTPRequestHandler):
    """A web server with Airflow's answers by path, and what it was asked."""

    def do_GET(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or "null")
        self.server.asked.append((self.path, self.headers.get("Authorization"), body))
        status, answer = self.server.answers[self.path]
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def airflow(**answers: tuple[int, Any]) -> Iterator[ThreadingHTTPServer]:
    """A stand-in for Airflow; by default everything succeeds."""
    usual = {"token": (201, {"access_token": "t"}), "dry_run": (200, RUNS), "create": (200, {"id": 7})}
    usual |= {"dag": (200, {"tags": [{"name": "sentiment"}]})} | answers
    paths = {"token": "/auth/token", "dry_run": "/api/v2/backfills/dry_run", "create": "/api/v2/backfills"}
    paths["dag"] = "/api/v2/dags/sentiment_scoring"
    with ThreadingHTTPServer(("127.0.0.1", 0), Airflow) as server:
        server.answers, server.asked = {paths[name]: answer for name, answer in usual.items()}, []
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def backfill(tmp_path: Path):
    """Run the command on a stack whose Airflow listens at a port."""
    env = tmp_path / ".env"
    env.write_text("AIRFLOW_ADMIN_USER=admin\nAIRFLOW_ADMIN_PASSWORD=a-long-pass-phrase\n")

    def run(port: int, first: str = "2026-01-02", last: str = "2026-01-03") -> subprocess.CompletedProcess[str]:
        variables = {"PATH": os.environ["PATH"], "SLUSS_ENV_FILE": str(env), "AIRFLOW_PORT": str(port)}
        command = [sys.executable, "-m", "sluss.stack", "backfill", "--from", first, "--to", last]
        return subprocess.run(command, capture_output=True, text=True, env=variables, check=False, cwd=ROOT)

    return run


def test_it_says_what_was_queued_and_where_to_watch(backfill) -> None:
    with airflow() as server:
        port = server.server_port
        done = backfill(port)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Queued 2 runs of sentiment_scoring: 2026-01-02 to 2026-01-03 (backfill 7).",
        f"Watch: http://localhost:{port}/dags/sentiment_scoring/backfills",
    ]
    (_, _, login), _, (_, _, dry), (_, token, body) = server.asked
    assert login == {"username": "admin", "password": "a-long-pass-phrase"}
    assert token == "Bearer t"
    assert dry == body
    assert (body["from_date"], body["to_date"]) == ("2026-01-02T00:00:00+00:00", "2026-01-03T23:59:59+00:00")
    assert (body["reprocess_behavior"], body["max_active_runs"]) == ("completed", 1)


def test_days_are_those_of_the_schedules_calendar(backfill) -> None:
    starts = ["2026-01-01T13:00:00Z", "2026-01-02T13:00:00Z"]
    runs = {"backfills": [{"logical_date": start} for start in starts]}
    with airflow(dag=(200, {"tags": [{"name": "zone:Australia/Melbourne"}]}), dry_run=(200, runs)) as server:
        done = backfill(server.server_port)
    assert "2026-01-02 to 2026-01-03" in done.stdout
    _, _, body = server.asked[-1]
    assert (body["from_date"], body["to_date"]) == ("2026-01-02T00:00:00+11:00", "2026-01-03T23:59:59+11:00")


def test_hours_are_named_by_their_hour(backfill) -> None:
    runs = {"backfills": [{"logical_date": f"2026-01-0{day}T{hour}:00:00Z"} for day, hour in ((2, "00"), (3, "23"))]}
    with airflow(dry_run=(200, runs)) as server:
        assert "2026-01-02 to 2026-01-03T23:00 (backfill 7)" in backfill(server.server_port).stdout


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"create": (409, RUNNING)}, "A backfill of sentiment is running already: wait for its end, or cancel it at"),
        ({"token": (401, {"detail": "Invalid credentials"})}, "Airflow refuses admin"),
        ({"dag": (404, {"detail": "no"})}, "Airflow has no DAG sentiment_scoring"),
        ({"dry_run": (200, NOTHING), "create": (422, {"detail": "No runs"})}, "No interval of sentiment begins from"),
        ({"dry_run": (200, NOTHING), "create": (409, RUNNING)}, "is running already"),  # its runs are not run again
        ({"create": (422, INVALID)}, "Airflow refuses (422): to_date is before from_date"),
        ({"create": (500, "broken")}, "Airflow refuses (500): broken"),
    ],
)
def test_what_stands_in_the_way_is_one_sentence(backfill, answers: dict[str, Any], words: str) -> None:
    with airflow(**answers) as server:
        done = backfill(server.server_port)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr


def test_a_stack_that_is_down_is_one_sentence(backfill) -> None:
    with airflow() as server:
        port = server.server_port
    done = backfill(port)
    assert done.returncode == 2
    assert (
        done.stderr == f"Airflow does not answer at http://localhost:{port}: 'make ps' shows whether the stack is up.\n"
    )


@pytest.mark.parametrize(("first", "last", "words"), [("", "", "Name the days"), ("2026-1-2", "x", "FROM=2026-1-2 is")])
def test_days_that_are_none_are_named(backfill, first: str, last: str, words: str) -> None:
    done = backfill(1, first, last)
    assert done.returncode == 2
    assert words in done.stderr
