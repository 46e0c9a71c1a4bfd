"""The monitor before labels come: the estimate of the metric, and the trend of confidence, also of rows in groups."""

from __future__ import annotations

import pandas as pd
import pytest
from monitor_world import World, register, world_from

from sluss.monitoring.tables import read_monitored
from sluss.tracking.client import connect


@pytest.fixture
def world(template, tmp_path, sentiment):
    return world_from(template, tmp_path / "home", sentiment)


def test_the_metric_is_estimated_before_labels_and_a_blind_estimate_is_marked(world, tmp_path):
    version = register(world, tmp_path / "second", connect(world.settings), estimates=True)
    world.live("usual", "strange", version=version)
    usual, strange = (result.summary for result in world.monitor(0, 1))
    assert usual.quality is None  # its labels come later
    assert usual.expected.value == pytest.approx(0.8, abs=0.05)
    assert (usual.expected.metric, usual.expected.blind) == ("accuracy", "")
    assert strange.expected.blind
    assert strange.expected.outside > usual.expected.outside + 0.2
    assert [each.summary.expected for each in read_monitored(world.lake)] == [usual.expected, strange.expected]
    metrics = [run.data.metrics for run in world.runs()]
    assert [each["expected_blind"] for each in metrics] == [0.0, 1.0]


def test_few_rows_give_no_estimate(world, tmp_path):
    version = register(world, tmp_path / "second", connect(world.settings), estimates=True)
    world.live("usual", rows=60, version=version)
    assert world.monitor(0)[0].summary.expected is None


@pytest.mark.parametrize(("group", "found"), [("text", True), ("source", False)], ids=["many groups", "one group"])
def test_a_trend_counts_the_days_with_enough_groups(world, group, found):
    days = 12
    world = World(world.settings, world.use_case.model_copy(update={"group": group}))
    world.live(*["usual"] * days)
    scored = pd.DataFrame(world.rows("predictions")).astype({"prediction": "int8"})
    age = pd.to_datetime(scored.interval).dt.day - 1
    scored["score"] = 0.5 + (scored.score - 0.5) * (1 - 0.06 * age)
    scored["confidence"] = (scored.score - 0.5).abs() + 0.5
    world.replace("predictions", scored)
    results = world.monitor(*range(days))
    raised = [alert.type for result in results for alert in result.alerts if alert.state == "raised"]
    assert ("confidence_trend" in raised) == found
