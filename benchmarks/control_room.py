"""The control room with 50 use cases of 1,000 monitored intervals each: its pages, and the command `make status`."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
from fastapi.testclient import TestClient
from measuring import PYTHON, ROOT, Bench, BenchmarkError, Line

from sluss.config.settings import Settings
from sluss.context import Context
from sluss.control_room.known import Known
from sluss.control_room.web.app import create_app
from sluss.interval import Interval, partition
from sluss.monitoring.alerts import Alert
from sluss.monitoring.tables import MONITORING, PREDICTIONS, Monitored, write
from sluss.registry import ledger
from sluss.registry.entry import Change
from sluss.statistics.figures import Drift, Estimate, Summary
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sluss.storage.lake import Lake

USE_CASES, INTERVALS, FEATURES = 50, 1_000, 20
_ALERTED = 5  # the newest intervals
_VISITS = 21  # of each page
_GOAL = 0.3  # seconds
_STATUS_GOAL = 1.0
_ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)


def measure(bench: Bench) -> list[Line]:
    """Write the tables of one use case, copy them, and visit each page."""
    home, folder = bench.home / "control_room", bench.home / "control_room_config"
    folder.mkdir(parents=True)
    settings = Settings(home=home, config_dir=folder, data=None)
    names = [f"use_case_{number}" for number in range(USE_CASES)]
    _configs(folder, names)
    _tables(Context(settings, load_use_case(names[0], folder)))
    for name in names[1:]:
        shutil.copytree(home / "lake" / names[0], home / "lake" / name)
    known = Known(settings)
    started = time.perf_counter()
    known.refresh()
    first = time.perf_counter() - started
    started = time.perf_counter()
    known.refresh()
    again = time.perf_counter() - started
    lines = [
        Line("control_room", "first reading of all tables", first, None, kind="value"),
        Line("control_room", "reading again, nothing new", again, None, kind="value"),
    ]
    browser = TestClient(create_app(settings, known=known), base_url="http://localhost")
    one = f"/use-cases/{names[-1]}"
    pages = [
        Line("control_room", f"page {path}", _visited(browser, path), _GOAL, limit=1.0)
        for path in ("/", "/alerts", one, f"{one}?last={INTERVALS}")
    ]
    status = Line("control_room", "make status", _status(bench, settings), _STATUS_GOAL, limit=1.0)
    return [*lines, *pages, status]


def _configs(folder: Path, names: list[str]) -> None:
    text = (ROOT / "config" / "sentiment.yaml").read_text(encoding="utf-8")
    for name in names:
        changed = text.replace("name: sentiment", f"name: {name}").replace("sentiment_classifier", f"{name}_model")
        (folder / f"{name}.yaml").write_text(changed.replace("live_end: 2026-01-24", ""), encoding="utf-8")


def _tables(context: Context) -> None:
    """Write a ledger of one entry, and the rows of 1,000 intervals."""
    ledger.append(context.lake, Change("promote", "1", None, "the benchmark", "every gate passed", {}), after=0)
    day = Interval(_ORIGIN, _ORIGIN + timedelta(days=1))
    names = [partition(_ORIGIN + timedelta(days=number), "day") for number in range(INTERVALS + 1)]
    for first, last, alerts in ((0, -_ALERTED, 0), (-_ALERTED - 1, len(names), 1)):
        write(context.lake, context.use_case, day, _monitored(names[-_ALERTED - 1], alerts))
        written = context.lake.dataset(MONITORING, first=names[0], last=names[0])
        assert written is not None
        _repeat(context.lake, MONITORING, written.to_table(), names[first:last])
    columns = {"id": ["1"], "score": [0.5], "model_version": ["1"], "interval": [names[0]]}
    _repeat(context.lake, PREDICTIONS, pa.table(columns), names)


def _repeat(lake: Lake, table: str, row: pa.Table, names: list[str]) -> None:
    place = row.schema.get_field_index("interval")
    rows = [row.set_column(place, "interval", pa.array([name])) for name in names[:-1]]
    lake.replace(table, pa.concat_tables(rows), names[0], names[-1])


def _monitored(since: str, alerts: int) -> Monitored:
    """Return the row of an interval; the last ones have an alert."""
    quality = Estimate("accuracy", 0.8, 0.76, 0.84, 400, 400, 200)
    drift = tuple(Drift(f"column_{number}", 0.02, 1.0, 0.5, 0.5) for number in range(FEATURES))
    summary = Summary("", "1", "run", 400, {"mean_confidence": 0.8}, (20,) * 20, drift, quality, ("2026-01-01",))
    alert = Alert("2026-01-01", "data_drift", "warning", "ongoing", since, "A column differs.", {})
    return Monitored(replace(summary, interval="2026-01-01", promise=quality), (alert,) * alerts)


def _visited(browser: TestClient, path: str) -> float:
    """Return the median of the seconds of a visit."""
    return statistics.median(_seconds(browser, path))


def _seconds(browser: TestClient, path: str) -> Iterator[float]:
    for _ in range(_VISITS):
        started = time.perf_counter()
        answer = browser.get(path)
        if answer.status_code != 200:
            raise BenchmarkError(f"{path} gave {answer.status_code}")
        yield time.perf_counter() - started


def _status(bench: Bench, settings: Settings) -> float:
    """Return the median of the seconds of `make status` on all use cases."""
    command = [str(PYTHON), str(ROOT / "tasks" / "show_status.py"), "--json"]
    environment = bench.environment(SLUSS_HOME=str(settings.home), SLUSS_CONFIG_DIR=str(settings.config_dir))
    spent = []
    for _ in range(max(bench.rounds, 3)):
        started = time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        spent.append(time.perf_counter() - started)
        if len(json.loads(done.stdout)["use_cases"]) != USE_CASES:
            raise BenchmarkError(f"make status printed: {done.stdout[:200]} {done.stderr[:200]}")
    return statistics.median(spent)
