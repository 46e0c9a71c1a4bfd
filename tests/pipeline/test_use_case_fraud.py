"""The fraud use case's page: the figures of its demo are those of a fresh run."""

from __future__ import annotations

import re

import pytest
from demo_run import run_demo

from sluss.config.settings import ROOT
from sluss.interval import parse_interval
from sluss.monitoring.tables import read_alerts, read_monitored, read_rows
from sluss.registry.versions import by_version
from sluss.sources.card_simulator import make_world

pytestmark = [pytest.mark.weekly, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return run_demo("fraud", tmp_path_factory.mktemp("fraud")).context


@pytest.fixture(scope="module")
def page():
    return (ROOT / "docs" / "use_cases" / "fraud.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def told(page):
    """The rows of the demo's table: day, event, figure."""
    part = page.partition("<!-- figures of the demo")[2].partition("<!-- end")[0]
    rows = re.findall(r"^\| (\d{4}-\d\d-\d\d) \| (.+?) \| (.+?) \|$", part, re.MULTILINE)
    return {event: (day, (re.findall(r"0\.\d{3}", figure) or [""])[-1]) for day, event, figure in rows}


def metrics(world, version):
    return world.client.get_run(by_version(world, version).run_id).data.metrics


def test_the_alerts_come_on_the_days_of_the_page(world, told):
    raised = {}
    for alert in read_alerts(world.lake):
        if alert.state == "raised":
            raised.setdefault(f"`{alert.type}` raised", alert.interval)
    for event in ("`data_drift` raised", "`quality_drop` raised"):
        assert raised[event] == told[event][0]
    [day] = [each for each in read_monitored(world.lake) if each.summary.interval == told["`quality_drop` raised"][0]]
    assert f"{day.summary.quality.value:.3f}" == told["`quality_drop` raised"][1]


def test_tests_of_cards_are_found_by_the_version_that_learned_them(world, page):
    scored = read_rows(world.lake, "predictions", ["interval", "id", "prediction"])
    config, start = world.use_case.source, world.use_case.source.start
    made = make_world(
        config.seed, config.customers, config.terminals, (config.testing_start - start).days, config.tested_a_day
    )
    for name, version in (("2018-06-27", 1), ("2018-06-28", 2)):
        day = made.day((parse_interval(name, "day").start.date() - start).days)
        ids = [f"{name.replace('-', '')}-{number:05}" for number in range(len(day))]
        raised = scored[scored.interval == name].set_index("id").prediction.loc[ids].to_numpy()
        kinds = {"tests of stolen cards": day.scenarios == 4, "other frauds": (day.scenarios > 0) & (day.scenarios < 4)}
        for kind, rows in kinds.items():
            [cells] = re.findall(rf"^\| {kind} \| (.+) \| (.+) \|$", page, re.MULTILINE)
            assert cells[version - 1] == f"{raised[rows].mean():.2f}"


def test_the_versions_have_the_figures_of_the_page(world, told, page):
    assert f"{metrics(world, '1')['holdout_average_precision']:.3f}" == told["version 1 scores"][1]
    assert f"{metrics(world, '2')['holdout_average_precision']:.3f}" == told["version 2 trained"][1]
    scored = read_rows(world.lake, "predictions", ["interval", "model_version"])
    assert scored[scored.model_version == "2"].interval.min() == told["version 2 scores"][0]
    last = read_monitored(world.lake)[-1].summary
    assert (last.interval, last.model_version) == (told["labels of version 2"][0], "2")
    assert f"average precision {last.quality.value:.3f};" in page
    assert any(
        (alert.type, alert.state, alert.interval) == ("data_drift", "raised", told["`data_drift` raised again"][0])
        for alert in read_alerts(world.lake)
    )
    first = metrics(world, "1")
    text = " ".join(page.split())
    assert f"{first['holdout_alerts_per_day']:.1f} alerts a day at a score of {first['holdout_threshold']:.3f}" in text
    assert f"a day costs {first['holdout_cost_per_day']:.0f} EUR" in text
    assert f"{first['baseline_cost_per_day']:,.0f} EUR without" in text
    assert f"Version 1 has {first['holdout_entity_precision']:.2f} on its holdout" in text
