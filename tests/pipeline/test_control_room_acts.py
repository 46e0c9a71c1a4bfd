"""Acts of the embedded control room on production: roll back, refuse, and what the page does meanwhile."""

from __future__ import annotations

import getpass
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from monitor_world import World, embedded, make_home, register, world_from

from sluss.config.settings import ROOT
from sluss.context import Context
from sluss.control_room.known import Known
from sluss.control_room.web.acts_here import intervals
from sluss.control_room.web.app import create_app
from sluss.deployment.refuse import refuse
from sluss.errors import ConfigError, ModelError
from sluss.registry import ledger, versions
from sluss.registry.names import GATE_TAG, REFUSED_TAG
from sluss.tracking.client import connect
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two versions that were in production, one after the other, and a third that waits for approval."""
    folder = tmp_path_factory.mktemp("acts")
    use_case = load_use_case("sentiment", ROOT / "config")
    make_home(folder / "home", use_case)
    world = World(embedded(folder / "home"), use_case)
    client = connect(world.settings)
    register(world, folder / "home" / "versions" / "2", client)
    source = versions.by_version(Context(world.settings, use_case), "2")
    run = client.create_run(client.get_experiment_by_name(use_case.experiment).experiment_id)
    client.set_tag(run.info.run_id, f"{GATE_TAG}quality", "passed: 0.8 is enough.")
    client.create_model_version(use_case.model, source.source, run.info.run_id, tags=dict(source.tags))
    return folder / "home"


@pytest.fixture
def world(template: Path, tmp_path: Path) -> World:
    """A copy, in which a person has to approve."""
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "config", folder)
    config = (folder / "sentiment.yaml").read_text()
    (folder / "sentiment.yaml").write_text(config.replace("approval: none", "approval: manual"))
    found = world_from(template, tmp_path / "home", load_use_case("sentiment", folder))
    found.settings = embedded(found.settings.home).model_copy(update={"config_dir": folder})
    return found


@pytest.fixture
def known(world: World) -> Known:
    """The state, read once."""
    found = Known(world.settings)
    found.refresh()
    return found


@pytest.fixture
def browser(known: Known) -> TestClient:
    """A browser."""
    return TestClient(create_app(known.settings, known=known), base_url="http://localhost", follow_redirects=False)


def confirm(browser: TestClient, kind: str, **fields: str) -> Any:
    """Send the form of an act with what it shows, and return the page that follows."""
    path = f"/use-cases/sentiment/acts/{kind}"
    shown = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', browser.get(path).text))
    answer = browser.post(path, data=shown | fields)
    return browser.get(answer.headers["location"]) if answer.status_code == 303 else answer


def test_a_rollback_takes_effect_and_is_in_the_ledger_with_name_and_reason(browser, world, known):
    assert "Roll back to version 1" in browser.get("/use-cases/sentiment").text
    page = confirm(browser, "rollback", reason="wrong on Mondays")
    assert "Version 1 is the champion again" in page.text
    last = ledger.read(world.lake)[-1]
    assert (last.action, last.version, last.replaced) == ("rollback", "1", "2")
    assert (last.by, last.reason) == (getpass.getuser(), "wrong on Mondays")
    known.refresh()
    shown = browser.get("/use-cases/sentiment").text
    assert "wrong on Mondays" in shown
    assert "/acts/rollback" not in shown


def test_a_rollback_needs_a_reason(browser, world):
    assert confirm(browser, "rollback", reason=" ").status_code == 400
    assert ledger.in_production(ledger.read(world.lake)) == "2"


def test_a_page_from_before_another_change_rolls_nothing_back(browser, world):
    assert "is not in production" in confirm(browser, "rollback", reason="late", version="1").text
    assert ledger.in_production(ledger.read(world.lake)) == "2"


def test_a_refused_version_waits_no_longer_and_keeps_the_reason(browser, world):
    assert "Approve version 3" in browser.get("/use-cases/sentiment").text
    assert "Version 3 is refused" in confirm(browser, "refuse", reason="too sure").text
    tag = versions.by_version(Context(world.settings, world.use_case), "3").tags[REFUSED_TAG]
    assert re.fullmatch(rf"{getpass.getuser()}, \d{{4}}-\d\d-\d\d \d\d:\d\d UTC: too sure", tag)
    again = Known(world.settings)
    again.refresh()
    shown = TestClient(create_app(again.settings, known=again), base_url="http://localhost")
    assert "/acts/approve" not in shown.get("/use-cases/sentiment").text


def test_a_defect_is_a_sentence_and_no_traceback(browser, world):
    page = confirm(browser, "approve")  # the champion of this world has no file with a model
    assert "Not done." in page.text
    assert "by a defect of Sluss" in page.text
    assert "Traceback" not in page.text
    assert ledger.in_production(ledger.read(world.lake)) == "2"


def test_the_champion_cannot_be_refused_nor_any_version_without_a_reason(world):
    context = Context(world.settings, world.use_case)
    with pytest.raises(ModelError, match="make rollback"):
        refuse(context, "2", reason="x")
    with pytest.raises(ModelError, match="Give the reason"):
        refuse(context, "3", reason=" ")
    with pytest.raises(ModelError, match="has no version 9"):
        refuse(context, "9", reason="x")


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-01-03", "2026-01-02", "is before the first"),
        ("2020-01-01", "2020-01-02", "begins on 2026-01-01"),
        ("2026-01-01", "2099-01-01", "at most"),
        ("soon", "2026-01-02", "is not a span of days"),
    ],
)
def test_a_span_that_cannot_be_scored_is_a_sentence(world, first, last, words):
    with pytest.raises(ConfigError, match=words):
        intervals(world.use_case, first, last)
    assert intervals(world.use_case, "2026-01-02", "2026-01-03") == ["2026-01-02", "2026-01-03"]
