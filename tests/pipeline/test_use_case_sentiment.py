"""The page of the sentiment use case: its figures are those of a fresh demo."""

from __future__ import annotations

import re

import pytest
from demo_run import run_demo

from sluss.config.settings import ROOT
from sluss.monitoring.tables import read_alerts, read_monitored, read_rows
from sluss.registry.versions import by_version

pytestmark = [pytest.mark.weekly, pytest.mark.timeout(1800)]

PAGE = (ROOT / "docs" / "use_cases" / "sentiment.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return run_demo("sentiment", tmp_path_factory.mktemp("sentiment"))


def rows(columns):
    """The rows of the page's tables with so many columns."""
    lines = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line] for line in lines if len(line) == columns][1:]


def test_the_events_are_on_the_days_of_the_page(demo):
    world = demo.context
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


def test_the_table_is_that_of_the_terminal(demo):
    assert [[cells[0], cells[1], *cells[3:6]] for cells in demo.table] == rows(5)
