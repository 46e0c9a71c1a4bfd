"""docs/your_table.md as a person follows it: its command, on a table like the one that it names."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import yaml

from sluss.config.settings import ROOT, Settings
from sluss.config.source_section import source_sections
from sluss.storage.lake import Lake

pytestmark = pytest.mark.skipif("file" not in source_sections(), reason="files are not a source yet")

DAYS, ROWS_A_DAY = 60, 60


@pytest.fixture(scope="module")
def flights(tmp_path_factory):
    """Flights of two months: late in the evening and with some carriers, some without a label, one column a leak."""
    random = np.random.default_rng(7)
    lines = ["flight,left_at,carrier,distance,month,gate,arr_delay,late"]
    for number in range(DAYS * ROWS_A_DAY):
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number * 24 * 60 / ROWS_A_DAY)
        carrier = "ABCDE"[random.integers(5)]
        chance = 0.1 + 0.4 * (moment.hour > 15) + 0.3 * (carrier in "DE")
        late = bool(random.random() < chance)
        delay = random.integers(16, 90) if late else random.integers(-20, 15)
        known = number % 50 != 0
        distance = "NA" if number % 97 == 0 else str(random.integers(200, 3000))
        lines.append(
            f"F{number},{moment:%Y-%m-%d %H:%M},{carrier},{distance},{moment.month},,"
            f"{delay if known else ''},{('yes' if late else 'no') if known else ''}"
        )
    folder = tmp_path_factory.mktemp("project")
    (folder / "flights.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "config").mkdir()
    return folder


def new(folder, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`make new` with words such as NAME=flights: make puts them into the environment."""
    given = dict(word.split("=", 1) for word in words) | variables
    given["DATA"] = str(folder / given["DATA"])
    known = {"SLUSS_HOME": str(folder / "home"), "SLUSS_CONFIG_DIR": str(folder / "config"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "commands", "new"]
    environment = {"PATH": "/usr/bin:/bin", "COLUMNS": "300", **known, **given}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=folder, stdin=subprocess.DEVNULL
    )


@pytest.fixture(scope="module")
def words() -> list[str]:
    """The command of the page."""
    page = (ROOT / "docs" / "your_table.md").read_text(encoding="utf-8")
    command, *rest = shlex.split(re.search(r"```sh\n(make new .+)\n```", page)[1])
    assert (command, rest[0]) == ("make", "new")
    return rest[1:]


@pytest.fixture(scope="module")
def brought_up(flights, words) -> subprocess.CompletedProcess[str]:
    return new(flights, *words)


def test_the_page_s_command_ends_with_a_champion_and_a_scored_day(brought_up, flights):
    assert brought_up.returncode == 0, brought_up.stdout + brought_up.stderr
    said = brought_up.stdout
    assert "flights_classifier version 1 is the champion" in said
    assert "'arr_delay' may give the label away" in said
    assert "make report USE_CASE=flights" in said
    lake = Lake(Settings(home=flights / "home"), "flights")
    newest = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=DAYS - 1)).strftime("%Y-%m-%d")
    assert set(lake.dataset("predictions").to_table(["interval"])["interval"].to_pylist()) == {newest}
    assert lake.dataset("quarantine").count_rows() == 0 if lake.table("quarantine") else True


def test_the_config_has_every_choice(brought_up, flights):
    assert brought_up.returncode == 0
    content = yaml.safe_load((flights / "config" / "flights.yaml").read_text(encoding="utf-8"))
    assert content["source"] == {
        "kind": "file", "path": "flights.csv", "start": datetime(2026, 1, 1).date(),  # noqa: DTZ001 - a day
        "id": "flight", "time": "left_at", "time_zone": "UTC", "label": "late", "missing": ["NA"],
        "exclude": ["gate", "arr_delay"],
    }  # fmt: skip
    assert content["features"] == ["carrier", "distance", "month"]
    assert content["monitoring"]["ignore"] == ["month"]
    assert 0.5 < content["gates"]["min_metric"] < 0.75


def score(folder, day: str) -> subprocess.CompletedProcess[str]:
    """`make score USE_CASE=flights INTERVAL=…`."""
    known = {"SLUSS_HOME": str(folder / "home"), "SLUSS_CONFIG_DIR": str(folder / "config"), "PYTHONPATH": str(ROOT)}
    environment = {"PATH": "/usr/bin:/bin", "USE_CASE": "flights", "INTERVAL": day, "WHERE": "embedded", **known}
    command = [sys.executable, "-m", "commands", "score"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=folder)


@pytest.fixture
def project(brought_up, flights, tmp_path):
    """A copy, so that what one test scores is not there for another."""
    assert brought_up.returncode == 0
    return shutil.copytree(flights, tmp_path / "project")


def partitions_of(folder, table: str) -> dict[str, int]:
    """Rows by interval."""
    rows = Lake(Settings(home=folder / "home"), "flights").dataset(table).to_table(["interval"])
    return {each["values"]: each["counts"] for each in rows["interval"].value_counts().to_pylist()}


def test_scoring_a_day_brings_its_rows_once(project):
    day = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=DAYS - 3)).strftime("%Y-%m-%d")
    assert day not in partitions_of(project, "curated")
    first = score(project, day)
    assert first.returncode == 0, first.stderr
    assert f"brought {ROWS_A_DAY} rows" in first.stdout
    assert partitions_of(project, "curated")[day] == partitions_of(project, "predictions")[day] == ROWS_A_DAY
    lake = Lake(Settings(home=project / "home"), "flights")
    version = lake.table("curated").version()
    again = score(project, day)
    assert again.returncode == 0, again.stderr
    assert "brought" not in again.stdout
    assert lake.table("curated").version() == version
    assert partitions_of(project, "predictions")[day] == ROWS_A_DAY


def test_scoring_a_day_that_has_no_rows_is_one_sentence(project):
    done = score(project, "2027-03-01")
    assert done.returncode == 2
    _where, sentence = done.stderr.splitlines()
    assert sentence.startswith("The source of flights has no rows that arrive in 2027-03-01")
    assert "2027-03-01" not in partitions_of(project, "curated")


def test_run_again_it_leaves_an_edited_file_and_the_same_champion(brought_up, flights, words):
    assert brought_up.returncode == 0
    path = flights / "config" / "flights.yaml"
    path.write_text(path.read_text().replace("title: late of flights", "title: Mine"))
    edited = path.read_text()
    again = new(flights, *words)
    assert again.returncode == 0, again.stderr
    assert "it stays as it is" in again.stdout
    assert "Mine" in again.stdout
    assert path.read_text() == edited


def test_dry_it_writes_nothing(flights, words):
    done = new(flights, *words, DRY="1", NAME="dry")
    assert done.returncode == 0, done.stderr
    assert "HistGradientBoostingClassifier" in done.stdout
    assert not (flights / "config" / "dry.yaml").exists()
