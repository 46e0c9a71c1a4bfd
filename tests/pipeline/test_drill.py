"""A drill on the demo: a few mistakes of different kinds, each refused by the lock that is there for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import yaml
from any_table import config, write_csv

from sluss.config.settings import Settings
from sluss.context import Context
from sluss.drill.drill import drill
from sluss.registry import ledger
from sluss.use_cases import load_use_case

FEW = (
    "every row comes twice",
    "labels inverted for all rows",
    "only the estimator was registered",
    "another numpy than here",
    "one byte of the model is flipped",
    "the alias champion was moved by hand to a version that no gate has seen",
    "the profile promises another metric",
    "the classes are swapped",
    "entries were forged with right hashes",
    "times are null in a fifth of the rows",
)

# One build of a world serves all tests of this file.
pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def results(first_days, sentiment):
    return {each.name: each for each in drill(Context(first_days, sentiment), names=FEW)}


@pytest.mark.parametrize("name", FEW)
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


@pytest.fixture
def rooms(tmp_path, settings) -> Context:
    """Bookings of rooms: numbers, categories and times, missing values, and whether the guest comes; not yet loaded."""
    random = np.random.default_rng(11)
    count = 60 * 60
    price, days = random.normal(100, 25, count).clip(20, 400), random.integers(0, 200, count)
    kind, country = random.choice(["direct", "agent", "group"], count), random.choice(list("ABCDEFGH"), count)
    logit = (price - 100) / 20 - (days - 100) / 60 + 1.5 * (kind == "direct") - 0.5
    times = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=24 * number) for number in range(count)]
    columns = {
        "id": [f"b{number}" for number in range(count)],
        "t": [moment.isoformat() for moment in times],
        "price": [None if number % 40 == 0 else round(value, 2) for number, value in enumerate(price)],
        "days": days.tolist(), "kind": kind.tolist(), "country": country.tolist(),
        "y": np.where(random.random(count) < 1 / (1 + np.exp(-1.5 * logit)), "yes", "no").tolist(),
    }  # fmt: skip
    write_csv(tmp_path / "mine.csv", columns)
    schema = {
        "price": {"kind": "number", "nullable": True, "minimum": 0, "maximum": 1000},
        "days": {"kind": "number", "minimum": 0},
        "kind": {"kind": "category", "categories": ["direct", "agent", "group"]},
        "country": {"kind": "category"},
    }
    content = config({"label_delay": "1 day"}, schema, live_start="2026-02-26")
    content["curation"] |= {"min_rows": 20, "max_age_hours": 6}
    content["training"]["preprocessing"] = [
        {
            "columns": "numbers",
            "steps": [{"class": "sklearn.impute.SimpleImputer"}, {"class": "sklearn.preprocessing.StandardScaler"}],
        },
        {
            "columns": "categories",
            "steps": [{"class": "sklearn.preprocessing.OneHotEncoder", "params": {"handle_unknown": "ignore"}}],
        },
    ]
    content["training"] |= {"min_rows": 500, "slices": ["kind"]}
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "mine.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    mine = Settings(home=settings.home, config_dir=tmp_path / "config", data=None)
    return Context(mine, load_use_case("mine", mine.config_dir))


def test_numbers_that_became_texts_are_refused_and_not_lost(rooms):
    (result,) = drill(rooms, names=["numbers as texts with a unit"])
    assert (result.refused, result.refused_by) == (True, "curation"), result.sentence


@pytest.mark.weekly
@pytest.mark.timeout(3600)
def test_no_lock_stays_silent(settings, sentiment):
    """The whole catalogue, on a clean clone."""
    found = drill(Context(settings, sentiment))
    tried = [each for each in found if each.state == "tried"]
    assert len(tried) >= 120
    assert [(each.name, each.sentence) for each in tried if each.silent or each.elsewhere] == []


@pytest.mark.weekly
@pytest.mark.timeout(3600)
def test_a_table_of_numbers_and_categories_is_drilled_too(rooms):
    found = drill(rooms)
    tried = [each for each in found if each.state == "tried"]
    assert len(tried) >= 120
    assert [(each.name, each.sentence) for each in tried if each.silent or each.elsewhere] == []
