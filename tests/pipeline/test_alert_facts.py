"""The message on a real alert: figures of the real monitor, entries of a real ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from monitor_world import World, register, world_from

from sluss.alerting.before import before
from sluss.alerting.impact import impact
from sluss.alerting.read import read_lives
from sluss.context import Context
from sluss.monitoring.tables import read_alerts
from sluss.tracking.client import connect

if TYPE_CHECKING:
    from pathlib import Path

    from sluss.config.use_case import UseCase


@pytest.fixture
def world(template: Path, tmp_path: Path, sentiment: UseCase) -> World:
    return world_from(template, tmp_path / "home", sentiment)


def test_the_run_has_the_metrics_of_the_articles_dashboards(world):
    world.live("usual")
    [result] = world.monitor(0)
    metrics = world.runs()[0].data.metrics
    mean, low = (result.summary.figures[name] for name in ("mean_confidence", "low_confidence_share"))
    assert metrics["average_confidence"] == metrics["overall_avg_confidence"] == mean
    assert metrics["low_confidence_percentage"] == 100 * low
    assert metrics["alert_count"] == 0


def test_an_alert_says_what_changed_before_it(world, tmp_path):
    world.live(*["usual"] * 3, *["strange"] * 3)
    world.monitor(0, 1, 2)
    register(world, tmp_path / "second", connect(world.settings))
    world.live(*["usual"] * 3, *["strange"] * 3, version="2")
    world.monitor(3, 4, 5)
    context = Context(world.settings, world.use_case)
    life = next(life for life in read_lives(context.lake) if life.type == "data_drift")
    facts = before(context, life.since, life.interval)
    assert facts.rows == 300
    assert facts.production.startswith(
        "Version 2 scored, which took over from version 1 with this interval; version 2 was promoted on "
    )
    assert facts.production.endswith("by ann (made by hand).")
    assert facts.volume == f"{life.since} has 300 rows; usual are 300."


def test_the_figures_of_each_alert_give_its_size(world):
    world.live("usual", "usual", *["strange"] * 4)
    world.monitor(*range(6))
    found = {alert.type: alert for alert in read_alerts(world.lake) if alert.state == "raised"}
    assert "multiples of the limit" in impact(world.use_case, found["data_drift"].figures, 300)[0]
    assert "where the holdout promised" in impact(world.use_case, found["quality_drop"].figures, 300)[0]
