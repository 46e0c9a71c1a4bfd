"""The control room on a use case in production: its status, its pages, and stores that are away."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from monitor_world import World, embedded, make_home, world_from

from sluss.alerting.change import acknowledge
from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.control_room.days import Days
from sluss.control_room.known import Known
from sluss.control_room.overview import overview
from sluss.control_room.web.app import create_app
from sluss.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from sluss.config.use_case import UseCase

KEYS = {"name", "champion", "since", "why", "by", "fresh", "metric", "alerts", "waiting", "next"}
EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("template") / "home"
    from sluss.use_cases import load_use_case

    make_home(home, load_use_case("sentiment", ROOT / "config"))
    return home


@pytest.fixture
def world(template: Path, tmp_path: Path, sentiment: UseCase) -> World:
    world = world_from(template, tmp_path / "home", sentiment)
    world.live("usual", "usual", "strange", "strange", "strange")
    world.monitor(*range(5))
    folder = tmp_path / "config"
    folder.mkdir()
    shutil.copy(ROOT / "config" / "sentiment.yaml", folder)
    world.settings = embedded(world.settings.home).model_copy(update={"config_dir": folder})
    return world


@pytest.fixture
def known(world: World) -> Known:
    found = Known(world.settings)
    found.refresh()
    return found


@pytest.fixture
def browser(known: Known) -> TestClient:
    return TestClient(create_app(known.settings, known=known), base_url="http://localhost")


def one(world: World) -> dict:
    return overview(world.settings).as_json()["use_cases"][0]


def test_the_status_answers_what_is_live_since_when_why_and_how_good(world):
    found = one(world)
    assert found.keys() >= KEYS
    assert (found["name"], found["champion"]) == ("sentiment", "1")
    assert datetime.fromisoformat(found["since"]) <= datetime.now(UTC)
    assert found["why"].startswith("promote: ")
    assert found["last_interval"] == "2026-01-05"
    assert found["metric"]["name"] == "accuracy"
    assert found["metric"]["promise"] == pytest.approx(0.8, abs=0.1)


def test_an_alert_without_an_owner_needs_a_person_and_one_with_an_owner_does_not(world):
    before = one(world)
    alerts = [alert["id"] for alert in before["alerts"]]
    assert alerts
    assert before["next"] == f"make ack ALERT={alerts[0]} USE_CASE=sentiment"
    for alert in alerts:
        acknowledge(Context(world.settings, world.use_case), alert, by="ann")
    after = one(world)
    assert after["waiting"] == []
    assert {alert["owner"] for alert in after["alerts"]} == {"ann"}


def test_the_status_of_one_use_case_and_of_one_that_does_not_exist(world):
    names = [each.name for each in overview(world.settings, "sentiment").use_cases]
    assert names == ["sentiment"]
    with pytest.raises(ConfigError, match=r"The use case 'nowhere' does not exist .*known: "):
        overview(world.settings, "nowhere")


@pytest.mark.parametrize(("arguments", "code"), [(["--json"], 1), ([], 1), (["--use-case", "sentiment"], 1)])
def test_the_command_ends_with_1_if_somebody_is_needed(world, arguments, code):
    environment = {"SLUSS_HOME": str(world.settings.home), "SLUSS_CONFIG_DIR": str(world.settings.config_dir)}
    command = [sys.executable, str(ROOT / "tasks" / "show_status.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment | {"PATH": ""})
    assert done.returncode == code, done.stderr
    if "--json" in arguments:
        assert json.loads(done.stdout)["place"] == "embedded"
    else:
        assert "next      make ack ALERT=" in done.stdout


def test_every_page_is_there_without_scripts_and_in_plain_html(browser, known):
    alert = known.get("sentiment").lives[0].id
    pages = [
        "/", "/alerts", f"/alerts/sentiment/{alert}", "/use-cases/sentiment", "/use-cases/sentiment/ledger",
        "/use-cases/sentiment/versions/1", "/use-cases/sentiment/intervals/2026-01-03", "/predictions",
    ]  # fmt: skip
    for path in pages:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert "<script" not in answer.text
        assert answer.text.count("<h1") == 1
        assert " style=" not in answer.text, path  # the policy forbids it
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_page_of_a_use_case_shows_gates_alerts_drift_and_rows(browser):
    text = browser.get("/use-cases/sentiment").text
    for heading in ("Open alerts", "Why version 1", "Drift in 2026-01-05", "Rows", "Every day", "Accuracy per day"):
        assert f">{heading}" in text, heading
    assert 'class="pill' in text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/use-cases/nothing", 404), ("/use-cases/sentiment/versions/99", 404), ("/nowhere", 404),
        ("/use-cases/sentiment/intervals/2031-01-01", 404), ("/alerts/sentiment/zzzzzz", 404),
        ("/use-cases/sentiment?last=many", 400), ("/use-cases/sentiment?last=-3", 200),
        ("/predictions?use_case=sentiment&id=nobody", 200),
    ],
)  # fmt: skip
def test_a_wrong_address_is_a_sentence(browser, path, status):
    answer = browser.get(path)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert re.search(r"<h1>[^<]+", answer.text)


def test_a_use_case_without_a_version_says_how_to_make_one(tmp_path, settings):
    folder = tmp_path / "config"
    folder.mkdir()
    shutil.copy(ROOT / "config" / "sentiment.yaml", folder)
    found = overview(settings.model_copy(update={"config_dir": folder})).as_json()["use_cases"][0]
    assert found["champion"] is None
    assert found["next"] == "make train deploy USE_CASE=sentiment"


def test_a_broken_config_is_named_and_hides_no_other(world, known, browser):
    (world.settings.config_dir / "broken.yaml").write_text("name: broken\n")
    known.refresh()
    text = browser.get("/").text
    assert "broken.yaml" in text
    assert "Sentiment of short reviews" in text
    assert "broken.yaml" in browser.get("/use-cases/broken").text


def test_a_config_that_breaks_keeps_the_last_known_state(world, known, browser):
    path = world.settings.config_dir / "sentiment.yaml"
    path.write_text(path.read_text() + "\nunknown: 1\n")
    known.refresh()
    answer = browser.get("/use-cases/sentiment")
    assert answer.status_code == 200
    assert "unknown" in answer.text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"lake_url": "s3://gone", "s3_endpoint_url": "http://127.0.0.1:9"}, "The lake at s3://gone does not answer"),
        ({"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}, "MLflow"),
    ],
)
def test_a_store_that_is_down_is_named_and_the_last_state_stays(world, known, monkeypatch, changed, words):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    home, folder = world.settings.home, world.settings.config_dir
    away = Known(Settings(**{"home": home, "config_dir": folder, "data": None} | changed))
    away._seen = {"sentiment": known.get("sentiment")}
    away.refresh()
    text = (
        TestClient(create_app(away.settings, known=away), base_url="http://localhost").get("/use-cases/sentiment").text
    )
    assert words in text
    assert "version 1" in text
    assert "The page shows the state of" in text


def test_markup_in_names_is_shown_and_never_run(known, browser):
    seen = known.get("sentiment")
    evil = seen.use_case.model_copy(update={"title": EVIL})
    lives = tuple(replace(life, message=EVIL, owner=EVIL, first=EVIL) for life in seen.lives)
    known._seen["sentiment"] = replace(seen, use_case=evil, lives=lives)
    for path in ("/", "/alerts", "/use-cases/sentiment", f"/alerts/sentiment/{lives[0].id}"):
        text = browser.get(path).text
        assert EVIL not in text
        assert "&lt;script&gt;" in text


def test_200_use_cases_are_a_line_each(world, known, browser):
    text = (world.settings.config_dir / "sentiment.yaml").read_text()
    for number in range(200):
        name = f"copy_{number}"
        changed = text.replace("name: sentiment", f"name: {name}").replace("sentiment_classifier", f"model_{number}")
        (world.settings.config_dir / f"{name}.yaml").write_text(changed)
    known.refresh()
    page = browser.get("/").text
    assert page.count("No version was deployed and nothing was scored yet.") == 200
    assert "201 use cases" in page


def test_only_intervals_that_were_written_again_are_read_again(world, monkeypatch):
    days, lake, spans = Days(), Context(world.settings, world.use_case).lake, []
    from sluss.control_room import days as module

    real = module.read_monitored
    monkeypatch.setattr(module, "read_monitored", lambda lake, **span: spans.append(span) or real(lake, **span))
    assert [day.interval for day in days.read(lake)] == [f"2026-01-0{n}" for n in range(1, 6)]
    days.read(lake)
    world.monitor(4)
    days.read(lake)
    assert spans == [{"first": "2026-01-01", "last": "2026-01-05"}, {"first": "2026-01-05", "last": "2026-01-05"}]


def test_a_damaged_table_is_a_sentence_and_hides_no_other_use_case(world):
    text = (world.settings.config_dir / "sentiment.yaml").read_text()
    (world.settings.config_dir / "other.yaml").write_text(
        text.replace("name: sentiment", "name: other").replace("sentiment_classifier", "other_model")
    )
    log = world.settings.home / "lake" / "sentiment" / "monitoring" / "_delta_log"
    for path in log.iterdir():
        path.unlink() if path.is_file() else None
    (log / f"{0:020}.json").write_text("{damaged")
    found = {each["name"]: each for each in overview(world.settings).as_json()["use_cases"]}
    assert "monitoring cannot be read" in found["sentiment"]["waiting"][0]
    assert found["other"]["next"] == "make train deploy USE_CASE=other"


def test_a_folder_of_use_cases_that_does_not_exist_is_named(settings, tmp_path):
    with pytest.raises(ConfigError, match="SLUSS_CONFIG_DIR"):
        overview(settings.model_copy(update={"config_dir": tmp_path / "nothing"}))


@pytest.mark.parametrize(
    ("table", "words"), [("predictions", "The table predictions is gone"), ("monitoring", "no interval was monitored")]
)
def test_a_table_that_is_gone_is_named_where_another_shows_that_it_was_there(world, table, words):
    shutil.rmtree(world.settings.home / "lake" / "sentiment" / table)
    found = one(world)
    assert any(words in sentence for sentence in found["waiting"])
    assert found["next"].startswith("make score INTERVAL=2026-01-05")
