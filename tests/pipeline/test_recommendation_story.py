"""The story on the page of the recommendation use case: two versions, a year after half stars appeared."""

from __future__ import annotations

import shutil

import pytest

from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.curation.load_history import load_history
from sluss.interval import Interval, intervals, parse_interval
from sluss.sources.archive import R_DATA_SETS
from sluss.use_cases import load_use_case
from tasks import bring_interval, deploy_model, train_model, validate_model

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(900)]
PAGE = ROOT / "docs" / "use_cases" / "recommendation.md"


def words():
    return " ".join(PAGE.read_text(encoding="utf-8").split())


def test_both_versions_have_the_figures_of_the_page_and_pass_the_gates(new_home):
    home = new_home("recommendation")
    (home / "archives").mkdir()
    kept = R_DATA_SETS.find(Settings(home=ROOT / "var", data=None))
    shutil.copy(kept, home / "archives")
    settings = Settings(home=home, config_dir=ROOT / "config", data=None)
    context = Context(settings, load_use_case("recommendation", settings.config_dir))
    use_case = context.use_case
    load_history(context)
    first = train_model.run(context, use_case.first_live)
    deploy_model.run(context, first.version)
    shown = f"NDCG {first.metrics['holdout_ndcg']:.3f}, the recent popularity {first.metrics['baseline_ndcg']:.3f}"
    assert shown in words()
    end = parse_interval("2004-07", use_case.unit).start
    for quarter in intervals(Interval(use_case.first_live, end), use_case.unit):
        bring_interval.run(context, quarter)
    second = train_model.run(context, end)
    metrics = second.metrics
    assert (
        f"version 2 has {metrics['holdout_ndcg']:.3f} and the recent popularity {metrics['baseline_ndcg']:.3f}"
        in words()
    )
    results = validate_model.run(context, second.version).results
    assert [result.sentence for result in results if not result.passed] == []
    [quality] = [result for result in results if result.gate == "quality"]
    new, old, users = (quality.figures[name] for name in ("challenger_ndcg", "champion_ndcg", "compared_rows"))
    assert f"({new:.3f} against {old:.3f} on {users:.0f} users" in words()
