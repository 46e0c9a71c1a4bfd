"""Metrics for operators: their names, labels and values, their token, and the dashboard that shows them."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from sluss.alerting.life import Life
from sluss.alerting.show import Line
from sluss.config.settings import ROOT, Settings
from sluss.control_room.days import Day
from sluss.control_room.known import Seen
from sluss.control_room.metrics import METRICS, exposition
from sluss.control_room.standing import Standing
from sluss.control_room.volumes import Volume
from sluss.control_room.web.app import create_app
from sluss.registry.entry import Change, next_entry
from sluss.statistics.figures import Drift, Estimate, Expected
from sluss.storage.backups_made import BackupsMade

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 1, 24, 12, tzinfo=UTC)
DASHBOARD = ROOT / "services" / "grafana" / "sluss.json"
TOKEN = "a-token-of-the-tests"


class Fixed:
    """A state that is not read from any store."""

    backups = BackupsMade()

    def __init__(self, settings: Settings, *seen: Seen) -> None:
        self.settings, self._seen = settings, {each.name: each for each in seen}

    def all(self) -> list[Seen]:
        return list(self._seen.values())

    def look_again(self) -> None:
        pass


def line(kind: str, severity: str, owner: str = "") -> Line:
    life = Life(
        "k3f7qa", "sentiment", kind, "2026-01-20", on=True, severity=severity, first="First.", message="Now.",
        interval="2026-01-23", owner=owner,
    )  # fmt: skip
    return Line(life, "3 d")


def full(sentiment) -> Seen:
    """A use case with a champion, a metric, an estimate, drift, alerts and rows."""
    quality = Estimate("accuracy", 0.739, 0.625, 0.828, 69, 69, 30)
    promise = Estimate("accuracy", 0.802, 0.777, 0.825, 369, 369, 180)
    day = Day(
        interval="2026-01-23", version="5", run_id="r", rows=450, drift=Drift("text.words", 0.04, 0.2, 16.0, 17.0),
        quality=quality, judged=("2026-01-22",), promise=promise, expected=Expected("accuracy", 0.77, 0.1), alerts=(),
    )  # fmt: skip
    promoted = next_entry(Change("promote", "5", None, "ann", "every gate passed", {}), [])
    entry = replace(promoted, at=NOW - timedelta(hours=3))
    alerts = (line("quality_drop", "critical"), line("data_drift", "warning", "ann"))
    standing = Standing(NOW - timedelta(seconds=7), (entry,), (), "2026-01-23", day, day, alerts)
    volumes = (Volume("2026-01-22", 300, 250, 300, 2), Volume("2026-01-23", 450, 69, 450, 0))
    return Seen("sentiment", sentiment, standing=standing, volumes=volumes)


def values(seen: list[Seen]) -> dict[tuple[str, ...], float]:
    """The values by name and labels, as Prometheus reads them."""
    text = exposition(seen, NOW, scheduled=True, backups=BackupsMade((NOW - timedelta(days=1),))).decode()
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(each.name, *(each.labels[label] for label in METRICS[each.name][1])): each.value for each in found}


def test_the_state_of_a_use_case_is_there(sentiment):
    found = values([full(sentiment)])
    assert {name for name, *_ in found} == set(METRICS)
    expected = {
        ("sluss_champion_version", "sentiment"): 5,
        ("sluss_champion_age_seconds", "sentiment"): 3 * 3600,
        ("sluss_quality", "sentiment", "accuracy"): 0.739,
        ("sluss_quality_promise", "sentiment", "accuracy"): 0.802,
        ("sluss_quality_estimate", "sentiment", "accuracy"): 0.77,
        ("sluss_drift_max", "sentiment"): 0.04,
        ("sluss_alerts_open", "sentiment", "critical", "no"): 1,
        ("sluss_alerts_open", "sentiment", "critical", "yes"): 0,
        ("sluss_alerts_open", "sentiment", "warning", "yes"): 1,
        ("sluss_alert_on", "sentiment", "quality_drop", "critical"): 1,
        ("sluss_rows", "sentiment", "predictions"): 450,
        ("sluss_rows", "sentiment", "quarantine"): 2,
        ("sluss_use_case_level", "sentiment", "critical"): 1,
        ("sluss_use_case_level", "sentiment", "well"): 0,
        ("sluss_store_reachable", "lake"): 1,
        ("sluss_state_age_seconds", "sentiment"): 7,
        ("sluss_backup_timestamp_seconds",): (NOW - timedelta(days=1)).timestamp(),
        ("sluss_backup_late",): 0,
    }
    assert {key: found[key] for key in expected} == expected


def test_a_use_case_without_a_state_and_a_store_that_is_down_are_named(sentiment):
    found = values([full(sentiment), Seen("other", sentiment, lake_error="It is down."), Seen("bad", broken="No.")])
    assert found["sluss_store_reachable", "lake"] == 0
    assert found["sluss_store_reachable", "mlflow"] == 1
    assert found["sluss_use_case_level", "other", "unknown"] == 1
    assert found["sluss_use_case_level", "bad", "critical"] == 1
    assert ("sluss_champion_version", "other") not in found
    assert values([])["sluss_store_reachable", "lake"] == 1


def test_no_label_comes_from_data(sentiment):
    assert {label for _, labels in METRICS.values() for label in labels} == {
        "use_case", "level", "metric", "severity", "owned", "type", "table", "store",
    }  # fmt: skip
    text = exposition([full(sentiment)], NOW, scheduled=True).decode()
    for secret in ("text.words", "k3f7qa", "ann", "2026-01-23"):
        assert secret not in text


def test_every_metric_is_documented():
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(sluss_\w+)` \| ([^|]*) \|", page, re.MULTILINE))
    assert rows == {name: ", ".join(f"`{each}`" for each in labels) for name, (_, labels) in METRICS.items()}


@pytest.mark.parametrize(
    ("place", "token", "sent", "status"),
    [
        ("embedded", None, "", 200),
        ("stack", None, "", 503),
        ("stack", TOKEN, "", 401),
        ("stack", TOKEN, "Bearer wrong", 401),
        ("stack", TOKEN, f"Basic {TOKEN}", 401),
        ("stack", TOKEN, f"Bearer {TOKEN}", 200),
        ("embedded", TOKEN, "", 401),
    ],
)
def test_metrics_need_their_token(sentiment, place, token, sent, status):
    settings = Settings(place=place, metrics_token=token)
    client = TestClient(create_app(settings, known=Fixed(settings, full(sentiment))), base_url="http://localhost:8000")
    answer = client.get("/metrics", headers={"Authorization": sent})
    assert answer.status_code == status
    assert ("sluss_champion_version" in answer.text) == (status == 200)


def test_health_and_readiness_need_no_login_and_name_the_store_that_is_down(sentiment, tmp_path):
    (tmp_path / "config").mkdir()
    shutil.copy(ROOT / "config" / "sentiment.yaml", tmp_path / "config")
    settings = Settings(home=tmp_path, config_dir=tmp_path / "config", place="stack", metrics_token=TOKEN)

    def client(*seen: Seen) -> TestClient:
        return TestClient(create_app(settings, known=Fixed(settings, *seen)), base_url="http://localhost:8000")

    assert client().get("/health").text == "ok\n"
    answer = client().get("/ready")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    down = replace(full(sentiment), lake_error="The lake does not answer.")
    answer = client(down).get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "lake": "down", "mlflow": "up"})
    answer = client(replace(down, standing=None)).get("/ready")
    assert (answer.status_code, answer.json()["lake"]) == (503, "down")


def queries() -> list[tuple[str, str]]:
    """Every query of the dashboard with its place, for all use cases."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    found = [(panel["title"], each["expr"]) for panel in dashboard["panels"] for each in panel["targets"]]
    found += [(each["name"], each["expr"]) for each in dashboard["annotations"]["list"]]
    return [(title, query.replace("$use_case", ".*")) for title, query in found]


def test_the_dashboard_asks_for_metrics_that_exist():
    names = {name for _, query in queries() for name in re.findall(r"sluss_\w+", query)}
    assert names <= set(METRICS)
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert dashboard["uid"] == "sluss"
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(app, port: int) -> Iterator[None]:
    """The application on a port of this machine."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield
    server.should_exit = True
    thread.join(10)


@contextmanager
def prometheus(folder: Path, target: int) -> Iterator[str]:
    """A real Prometheus that reads the metrics every second; its address."""
    program = shutil.which("prometheus") or pytest.skip("Prometheus is not installed (Debian: prometheus).")
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    [config] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (folder / "token").write_text(TOKEN)
    config = config.replace("/etc/prometheus/sluss_token", str(folder / "token")).replace("15s", "1s")
    (folder / "prometheus.yml").write_text(config.replace("localhost:8000", f"127.0.0.1:{target}"))
    port = free_port()
    options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [program, *options, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log
        )
        try:
            yield f"http://127.0.0.1:{port}/api/v1/query"
        finally:
            process.terminate()
            process.wait(20)


def test_a_real_prometheus_reads_the_metrics_and_answers_every_query_of_the_dashboard(sentiment, tmp_path):
    settings, port = Settings(home=tmp_path, place="stack", metrics_token=TOKEN), free_port()
    app = create_app(settings, known=Fixed(settings, full(sentiment)))
    with served(app, port), prometheus(tmp_path, port) as address, httpx.Client() as client:

        def answer(query: str) -> list[dict[str, object]]:
            reply = client.get(address, params={"query": query})
            assert reply.status_code == 200, reply.text
            found: list[dict[str, object]] = reply.json()["data"]["result"]
            return found

        wait_until(lambda: answer('up{job="sluss"} == 1'))
        empty = [title for title, query in queries() if not answer(query)]
        assert empty == ["Changes of production"]  # none happened meanwhile
        assert answer("sluss_champion_version")[0]["value"][1] == "5"


def wait_until(condition) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            if condition():
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < end
        time.sleep(0.2)
