"""A drill on the demo: a few mistakes of different kinds, each refused by the lock that is there for it."""

from __future__ import annotations

import pytest

from sluss.context import Context
from sluss.drill.drill import drill
from sluss.registry import ledger

FEW = (
    "every row comes twice",
    "labels inverted for all rows",
    "only the estimator was registered",
    "another numpy than here",
    "one byte of the model is flipped",
    "the alias champion was moved by hand to a version that no gate has seen",
    "the profile promises another metric",
    "the classes are swapped",
)


@pytest.fixture(scope="module")
def results(first_days, sentiment):
    return {each.name: each for each in drill(Context(first_days, sentiment), names=FEW)}


@pytest.mark.parametrize("name", [name for name in FEW if name != "labels inverted for all rows"])
def test_a_mistake_is_refused_by_its_lock(results, name):
    result = results[name]
    assert (result.refused, result.refused_by) == (True, result.expected), result.sentence


def test_every_result_has_a_sentence(results):
    assert all(each.sentence.endswith((".", ")")) for each in results.values())


def test_the_stores_of_the_use_case_stay_as_they_are(results, first_days, sentiment):
    lake = Context(first_days, sentiment).lake
    assert results
    assert [entry.version for entry in ledger.read(lake)][:1] == ["1"]
    assert not list(first_days.home.glob("drill-*"))


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_no_lock_stays_silent(settings, sentiment):
    """The whole catalogue, on a clean clone."""
    found = drill(Context(settings, sentiment))
    tried = [each for each in found if each.state == "tried"]
    assert len(tried) >= 120
    assert [(each.name, each.sentence) for each in tried if each.silent or each.elsewhere] == []


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_a_table_of_numbers_and_categories_is_drilled_too(your_table):
    found = drill(your_table)
    tried = [each for each in found if each.state == "tried"]
    assert len(tried) >= 120
    assert [(each.name, each.sentence) for each in tried if each.silent or each.elsewhere] == []
