"""Use cases in one home: what goes wrong with one changes nothing for the others."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace

import pytest
import yaml

from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.control_room.overview import overview
from sluss.errors import ConfigError, DataError, RefusedError
from sluss.interval import parse_interval
from sluss.registry import ledger
from sluss.use_cases import load_use_case
from tasks import batch_predict, curate_data, deploy_model, generate_data, monitor_model, train_model

pytestmark = pytest.mark.timeout(600)

DAY = "2026-01-03"
NO_FILE = {
    "kind": "file",
    "path": "data/gone.csv",
    "start": "2025-12-02",
    "id": "id",
    "time": "at",
    "time_zone": "UTC",
    "label": "label",
}
TABLES = ("curated", "labels", "predictions", "monitoring")


@dataclass
class Home:
    """An embedded home whose champion of `sentiment` was deployed, and the folder of its use cases."""

    settings: Settings

    def context(self, name: str) -> Context:
        return Context(self.settings, load_use_case(name, self.settings.config_dir))

    def day(self) -> None:
        """A live day of `sentiment`."""
        context = self.context("sentiment")
        interval = parse_interval(DAY, context.use_case.unit)
        for step in (generate_data, curate_data, batch_predict, monitor_model):
            step.run(context, interval)

    def tables(self) -> dict[str, list[str]]:
        lake = self.context("sentiment").lake
        return {name: sorted(map(str, lake.dataset(name).to_table().to_pylist())) for name in TABLES}


@pytest.fixture
def home(first_days, tmp_path):
    def make(name: str) -> Home:
        folder = tmp_path / name
        shutil.copytree(first_days.home, folder / "home")
        (folder / "config").mkdir()
        for file in (ROOT / "config").glob("sentiment*"):
            shutil.copy(file, folder / "config")
        return Home(Settings(home=folder / "home", config_dir=folder / "config", data=first_days.data))

    return make


def neighbour(home: Home, name: str, **changes: object) -> None:
    """Another use case like `sentiment`, with other sections."""
    config = home.settings.config_dir
    content = yaml.safe_load((config / "sentiment.yaml").read_text()) | {"name": name, "model": f"{name}_model"}
    for key, value in changes.items():
        content[key] = {**content[key], **value} if key == "gates" else value
    (config / f"{name}.yaml").write_text(yaml.safe_dump(content))
    for file in config.glob("sentiment*.sql"):
        shutil.copy(file, config / file.name.replace("sentiment", name))


def test_a_broken_a_sourceless_and_a_refused_neighbour_change_nothing(home):
    alone, crowded = home("alone"), home("crowded")
    neighbour(crowded, "gone", source=NO_FILE)
    neighbour(crowded, "stubborn", gates={"min_metric": 0.99})
    (crowded.settings.config_dir / "broken.yaml").write_text("name: broken\ntitle: [no end\n")

    with pytest.raises(ConfigError, match=r"broken\.yaml"):
        crowded.context("broken")
    gone = crowded.context("gone")
    with pytest.raises((ConfigError, DataError), match=r"gone\.csv"):
        generate_data.run(gone, gone.use_case.history)
    stubborn = crowded.context("stubborn")
    for step in (generate_data, curate_data):
        step.run(stubborn, stubborn.use_case.history)
    train_model.run(stubborn, stubborn.use_case.history.end)
    with pytest.raises(RefusedError):
        deploy_model.run(stubborn)

    alone.day()
    crowded.day()
    assert crowded.tables() == alone.tables()
    assert ledger.read(crowded.context("sentiment").lake) == ledger.read(alone.context("sentiment").lake)
    seen = {each.name: each for each in overview(crowded.settings).use_cases}
    assert set(seen) == {"broken", "gone", "sentiment", "stubborn"}
    [only] = overview(alone.settings).use_cases
    assert replace(seen["sentiment"], title=only.title) == only


def test_a_use_case_that_has_not_begun_needs_a_person_only_where_none_has(home, tmp_path):
    some = home("some")
    some.day()
    neighbour(some, "later")
    seen = overview(some.settings)
    assert [each.level for each in seen.use_cases if each.name == "later"] == ["idle"]
    assert seen.all_well == all(each.level == "well" for each in seen.use_cases if each.name == "sentiment")
    none = overview(Settings(home=tmp_path / "empty", config_dir=some.settings.config_dir))
    assert {each.level for each in none.use_cases} == {"idle"}
    assert not none.all_well
