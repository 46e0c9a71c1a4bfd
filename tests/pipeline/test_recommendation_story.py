"""The story on the page of the recommendation use case: alarms, labels, trainings and gates from 2003 to 2010."""

from __future__ import annotations

import re
import shutil

import pytest

from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.curation.load_history import load_history
from sluss.errors import QuietError
from sluss.interval import Interval, intervals, partition
from sluss.monitoring.tables import read_alerts
from sluss.registry import ledger
from sluss.registry.names import GATE_TAG
from sluss.registry.versions import by_version
from sluss.sources.archive import R_DATA_SETS
from sluss.training.decision import decide_training
from sluss.use_cases import load_use_case
from tasks import batch_predict, bring_interval, deploy_model, monitor_model, train_model

pytestmark = [pytest.mark.weekly, pytest.mark.timeout(1800)]
PAGE = ROOT / "docs" / "use_cases" / "recommendation.md"


@pytest.fixture(scope="module")
def page():
    return " ".join(PAGE.read_text(encoding="utf-8").split())


@pytest.fixture(scope="module")
def told():
    """The rows of the page's table: quarter, event, figures."""
    text = PAGE.read_text(encoding="utf-8")
    part = text.partition("<!-- figures of the story")[2].partition("<!-- end")[0]
    return re.findall(r"^\| (\d{4}-\d\d) \| (.+?) \| (.+?) \|$", part, re.MULTILINE)


@pytest.fixture(scope="module")
def life(new_home):
    """All quarters, and a training whenever the rules ask for one; with the quarter and reason of each training."""
    home = new_home("recommendation")
    (home / "archives").mkdir()
    shutil.copy(R_DATA_SETS.find(Settings(home=ROOT / "var", data=None)), home / "archives")
    settings = Settings(home=home, config_dir=ROOT / "config", data=None)
    context = Context(settings, load_use_case("recommendation", settings.config_dir))
    use_case = context.use_case
    load_history(context)
    deploy_model.run(context, train_model.run(context, use_case.first_live).version)
    trained = [(partition(use_case.first_live, use_case.unit), "")]
    for quarter in intervals(Interval(use_case.first_live, use_case.end_live), use_case.unit):
        bring_interval.run(context, quarter)
        try:
            batch_predict.run(context, quarter)
        except QuietError:
            continue
        monitor_model.run(context, quarter)
        decision = decide_training(context, quarter.end)
        if decision.train:
            deploy_model.run(context, train_model.run(context, quarter.end).version)
            trained.append((partition(quarter.start, use_case.unit), decision.reason))
    return context, trained


def test_the_alerts_come_in_the_quarters_of_the_page_with_its_figures(life, told):
    shown = [
        (alert.interval, f"`{alert.type}` {alert.state}", alert.message)
        for alert in read_alerts(life[0].lake)
        if alert.state != "ongoing" and "took over" not in alert.message
    ]
    expected = [row for row in told if "`" in row[1]]
    assert [each[:2] for each in shown] == [row[:2] for row in expected]
    for (*_, message), (*_, figures) in zip(shown, expected, strict=True):
        for number, users in re.findall(r"(0\.\d{3}) on (\d+)", figures):
            assert re.search(rf"{number} on {users} (groups|before)", message)


def test_each_version_has_the_figures_of_the_page_and_is_promoted(life, told):
    context, trained = life
    expected = [row for row in told if "champion" in row[1]]
    assert [quarter for quarter, _ in trained] == [row[0] for row in expected]
    assert [(entry.action, entry.version) for entry in ledger.read(context.lake)] == [
        ("promote", str(number)) for number in range(1, len(expected) + 1)
    ]
    for number, (_, event, figures) in enumerate(expected, 1):
        assert event == f"version {number} is the champion"
        metrics = context.client.get_run(by_version(context, str(number)).run_id).data.metrics
        found = [f"{metrics[name]:.3f}" for name in ("holdout_ndcg", "baseline_ndcg")]
        assert re.findall(r"0\.\d{3}", figures) == found


def test_the_alarms_start_the_trainings(life):
    drift, fall = (reason for _, reason in life[1][1:])
    assert drift.startswith("data_drift active since 2003-04-01, and 21 labelled rows")
    assert fall.startswith("quality_drop active since 2009-01-01, of a fall that began on 2007-04-01")


@pytest.mark.parametrize("version", ["2", "3"])
def test_challenger_and_champion_are_compared_as_the_page_has_it(life, page, version):
    tags = life[0].client.get_run(by_version(life[0], version).run_id).data.tags
    compared = re.search(
        r"on (\d+) groups .*? NDCG is (0\.\d{3}) and the champion's (0\.\d{3})", tags[f"{GATE_TAG}quality"]
    )
    users, new, old = compared.groups()
    assert re.search(rf"{new} against {old} on {users} users|On {users} users .*? has {new}, .*? has {old}", page)
