"""The demand use case with a shifted working calendar in place of the heat wave: only labels can show it."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
import yaml

from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.curation.load_history import load_history
from sluss.interval import Interval, intervals, parse_interval
from sluss.monitoring.tables import read_alerts, read_rows
from sluss.sources.archive import R_DATA_SETS
from sluss.use_cases import load_use_case
from tasks import batch_predict, bring_interval, deploy_model, monitor_model, train_model

pytestmark = [pytest.mark.weekly, pytest.mark.timeout(900)]
SHIFTED, DAYS = "2014-11-13", 14


@pytest.fixture(scope="module")
def lake(new_home):
    """Two weeks, of which the calendar is shifted from the fourth day on."""
    home = new_home("demand")
    config = home / "config"
    config.mkdir()
    (home / "archives").mkdir()
    shutil.copy(R_DATA_SETS.find(Settings(home=ROOT / "var", data=None)), home / "archives")
    shutil.copy(ROOT / "config" / "demand.sql", config)
    content = yaml.safe_load((ROOT / "config" / "demand.yaml").read_text(encoding="utf-8"))
    del content["source"]["heat_wave"]
    content["source"]["calendar_shift"] = SHIFTED
    (config / "demand.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    context = Context(Settings(home=home, config_dir=config, data=None), load_use_case("demand", config))
    use_case = context.use_case
    load_history(context)
    deploy_model.run(context, train_model.run(context, use_case.first_live).version)
    live = Interval(use_case.first_live, use_case.first_live + timedelta(days=DAYS))
    for day in intervals(live, use_case.unit):
        bring_interval.run(context, day)
        batch_predict.run(context, day)
        monitor_model.run(context, day)
    return context.lake


def test_the_rows_say_that_the_change_is_ours(lake):
    rows = read_rows(lake, "curated", ["change", "target_time"])
    changes = rows.groupby("change").target_time.agg(["min", "max"])
    assert set(changes.index) == {"measured", "shifted calendar"}
    start = parse_interval(SHIFTED, "day").start
    assert changes["max"]["measured"] < start
    assert changes["min"]["shifted calendar"] >= start - timedelta(hours=12)  # the midnight of people's clock


def test_labels_raise_the_alert_within_its_second_week_and_not_before(lake):
    raised = [(alert.type, alert.interval) for alert in read_alerts(lake) if alert.state == "raised"]
    falls = [interval for kind, interval in raised if kind == "quality_drop"]
    assert falls
    assert falls[0] > SHIFTED
