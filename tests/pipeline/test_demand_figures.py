"""The figures on the page of the demand use case are those of a fresh run."""

from __future__ import annotations

import os
import sys

import pytest

from sluss.config.settings import ROOT, Settings
from sluss.sources.archive import R_DATA_SETS
from sluss.use_cases import load_use_case

sys.path.insert(0, str(ROOT / "benchmarks"))

import use_case_demand as figures

PAGE = ROOT / "docs" / "use_cases" / "demand.md"
WEEKS = 12


def shown():
    """The cells of the page's tables."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


@pytest.mark.weekly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ["with", "without"])
def test_the_table_is_that_of_a_fresh_run(name, monkeypatch):
    monkeypatch.setitem(os.environ, "SLUSS_HOME", str(ROOT / "var"))
    R_DATA_SETS.find(Settings(home=ROOT / "var", data=None))
    use_case = figures.of_the_whole_year(load_use_case("demand", ROOT / "config"))
    variant = figures.variants(use_case)[name]
    rows = figures.features_of(use_case, ROOT / "config")
    for line in figures.lines(figures.judged(name, variant, rows, WEEKS)):
        assert line in shown()
