"""The page of the demand use case: the figures of its story are those of a fresh demo."""

from __future__ import annotations

import re

import pytest
from demo_run import run_demo

from sluss.config.settings import ROOT
from sluss.registry import ledger

pytestmark = [pytest.mark.weekly, pytest.mark.timeout(1800)]

PAGE = (ROOT / "docs" / "use_cases" / "demand.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return run_demo("demand", tmp_path_factory.mktemp("demand"))


def test_the_losses_are_those_of_the_page(demo):
    told = re.findall(
        r"^\| (.+?) \| (\d) \| (\d+) \| (\d\.\d{3}) \((\d\.\d{3}) to (\d\.\d{3})\) \|$", PAGE, re.MULTILINE
    )
    shown = [(cells[1], cells[2], cells[5], *cells[6].split(" – ")) for cells in demo.table]
    assert shown == [(version, days, *figures) for _, version, days, *figures in told]
    assert len(told) == 3


def test_the_heat_raises_an_alert_and_a_new_version_passes_the_gates(demo):
    assert demo.printed.index("quality_drop raised") < demo.printed.index("version 2 is the champion")
    entries = ledger.read(demo.context.lake)
    assert [(entry.action, entry.version) for entry in entries] == [("promote", "1"), ("promote", "2")]
