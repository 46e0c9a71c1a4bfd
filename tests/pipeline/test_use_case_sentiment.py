"""The page of the sentiment use case: its figures are those of a fresh demo."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.monitoring.tables import read_alerts, read_monitored, read_rows
from sluss.registry.versions import by_version
from sluss.use_cases import load_use_case

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(1800)]

PAGE = (ROOT / "docs" / "use_cases" / "sentiment.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def told(tmp_path_factory, archive):
    """The place of a demo, and what it printed."""
    home = tmp_path_factory.mktemp("sentiment")
    environment = {"PYTHONPATH": str(ROOT), "SLUSS_HOME": str(home), "SLUSS_DATA": str(archive), "COLUMNS": "160"}
    command = [sys.executable, ROOT / "scripts" / "demo" / "demo.py", "sentiment"]
    done = subprocess.run(
        command, env=environment | {"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False, timeout=1700
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Context(Settings(home=home, data=archive), load_use_case("sentiment", ROOT / "config")), done.stdout


def rows(columns):
    """The rows of the page's tables with so many columns."""
    lines = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line] for line in lines if len(line) == columns][1:]


def test_the_events_are_on_the_days_of_the_page(told):
    world, _ = told
    accuracy = {each.summary.interval: each.summary.quality for each in read_monitored(world.lake)}
    found = []
    for alert in read_alerts(world.lake):
        if alert.state == "raised":
            figure = f"{accuracy[alert.interval].value:.3f}" if alert.type == "quality_drop" else ""
            found.append((alert.interval, f"`{alert.type}` raised", figure))
    scored = read_rows(world.lake, "predictions", ["interval", "model_version"])
    for version, first in scored.groupby("model_version")["interval"].min().items():
        metrics = world.client.get_run(by_version(world, version).run_id).data.metrics
        found.append((first, f"version {version} scores", f"{metrics['holdout_accuracy']:.3f}"))
    shown = {(day, event): (re.findall(r"\b0\.\d{3}\b", figure) or [""])[-1] for day, event, figure in rows(3)}
    assert shown == {(day, event): figure for day, event, figure in found}


def test_the_table_is_that_of_the_terminal(told):
    printed = [[cell.strip() for cell in line.split("│")[1:-1]] for line in told[1].splitlines() if "│" in line]
    assert [[cells[0], cells[1], *cells[3:6]] for cells in printed] == rows(5)
