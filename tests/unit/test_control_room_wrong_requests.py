"""Wrong ports, methods, hosts and choices, each answered by a sentence, and the sentence on a use case's alerts."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from sluss.config.settings import ROOT, Settings
from sluss.control_room.known import Known
from sluss.control_room.web.app import create_app
from sluss.control_room.web.ports import free_port
from sluss.control_room.web.site import templates
from sluss.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An empty place."""
    return Settings(home=tmp_path, data=None, config_dir=ROOT / "config")


@pytest.fixture
def here(settings: Settings) -> Iterator[TestClient]:
    """A browser before a control room in which nothing was deployed."""
    known = Known(settings)
    known.refresh()
    with TestClient(create_app(settings, None, known), base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize("text", ["abc", "0", "-1", "80.5", "65536", "²", "٣"])
def test_a_wrong_port_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("CONTROL_ROOM_PORT", text)
    with pytest.raises(ConfigError, match=f"CONTROL_ROOM_PORT={text} is not a port"):
        free_port("CONTROL_ROOM_PORT", 8000)


def test_a_host_of_another_machine_is_named() -> None:
    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1"):
        free_port("A_PORT_THAT_IS_NOT_SET", 8000, "192.0.2.1")


def test_a_port_in_use_ends_the_service_with_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = {"SLUSS_HOME": str(tmp_path), "CONTROL_ROOM_PORT": str(taken.getsockname()[1])}
        done = subprocess.run(
            [sys.executable, "-m", "sluss.control_room.web.serve"],
            cwd=ROOT,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "is in use" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("path", ["/", "/alerts", "/use-cases/sentiment", "/health", "/ready", "/status.json"])
def test_a_page_answers_head_without_content(here: TestClient, path: str) -> None:
    assert here.head(path).status_code == here.get(path).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_wrong_method_is_named(here: TestClient, method: str) -> None:
    answer = here.request(method, "/alerts")
    assert answer.status_code == 405
    assert f"/alerts does not take {method}." in answer.text


def test_a_body_that_is_no_form_is_not_called_a_missing_page(here: TestClient) -> None:
    answer = here.post("/login", content=b"x", headers={"content-type": "multipart/form-data"})
    assert answer.status_code == 400
    assert "cannot be read" in answer.text


def test_a_foreign_host_reads_how_to_allow_it(settings: Settings) -> None:
    spaced = settings.model_copy(update={"control_room_hosts": "one.example, *.two.example"})
    with TestClient(create_app(spaced, None, Known(spaced))) as client:
        for host, status in {
            "one.example": 200,
            "a.two.example:8443": 200,
            "localhost": 200,
            "two.example.evil": 400,
            "xtwo.example": 400,
            "": 400,
        }.items():
            assert client.get("/health", headers={"host": host}).status_code == status, host
        assert "CONTROL_ROOM_HOSTS" in client.get("/", headers={"host": "evil.example"}).text


@pytest.mark.parametrize(("use_case", "words"), [("nope", "There is no use case &#39;nope&#39;"), ("", "Choose one")])
def test_a_prediction_of_no_use_case_is_a_sentence(here: TestClient, use_case: str, words: str) -> None:
    assert words in here.get("/predictions", params={"use_case": use_case, "id": "7"}).text


@pytest.mark.parametrize(
    ("by_data", "by_labels", "words"),
    [
        ("2026-01-03", None, "The data alone gave it away on 2026-01-03"),
        ("2026-01-03", "2026-01-04", "before anyone knew the right answers. The labels confirmed it on 2026-01-04"),
        ("2026-01-03", "2026-01-03", "The labels showed it on 2026-01-03, and the data of that interval did, too."),
        ("2026-01-04", "2026-01-03", "The labels showed it on 2026-01-03, and the data on 2026-01-04."),
        (None, "2026-01-03", "The labels showed it on 2026-01-03"),
    ],
)
def test_the_page_claims_no_more_than_the_order_of_the_alerts(
    by_data: str | None, by_labels: str | None, words: str
) -> None:
    story = {"by_data": by_data, "by_labels": by_labels, "apart": False}
    text = re.sub("<.*?>", "", str(templates().get_template("parts.html").module.lead(story)))
    assert words in text
    assert ("before anyone" in text) == (by_data is not None and (by_labels is None or by_data < by_labels))


def test_labels_that_show_a_fall_years_after_the_data_changed_confirm_nothing() -> None:
    story = {"by_data": "2003-04", "by_labels": "2009-01", "apart": True}
    text = re.sub("<.*?>", "", str(templates().get_template("parts.html").module.lead(story)))
    assert "The labels showed another change on 2009-01" in text
