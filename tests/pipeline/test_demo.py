"""The demo as a person sees it: the real DAGs, one after the other, in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml

from sluss.config.settings import ROOT, Settings
from sluss.registry import ledger
from sluss.storage.lake import Lake

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]  # two demos, on a machine that may be busy


@pytest.fixture(scope="module")
def short_demo(tmp_path_factory, archive):
    """A demo of one usual day and four changed ones, the last of them with a model that has learned; run twice."""
    folder = tmp_path_factory.mktemp("demo")
    content = yaml.safe_load((ROOT / "config" / "sentiment.yaml").read_text())
    content["source"]["phases"] = [
        {"source": "movies", "days": 31, "rows_per_day": 200},
        {"source": "tweets", "days": 4, "rows_per_day": 500},
    ]
    content["source"]["label_delay_hours"] = [24, 30]
    content["live_end"] = "2026-01-06"
    content["training"] |= {"folds": 2, "holdout_days": 2}
    content["retraining"] |= {"min_new_labels_on_alert": 400, "cool_down_hours": 48}
    (folder / "config").mkdir()
    (folder / "config" / "sentiment.yaml").write_text(yaml.safe_dump(content))
    for query in (ROOT / "config").glob("*.sql"):
        (folder / "config" / query.name).write_text(query.read_text())
    environment = {
        "PYTHONPATH": str(ROOT),
        "SLUSS_HOME": str(folder / "home"),
        "SLUSS_CONFIG_DIR": str(folder / "config"),
    }
    environment |= {"SLUSS_DATA": str(archive), "PATH": "/usr/bin:/bin", "COLUMNS": "160"}
    command = [sys.executable, ROOT / "scripts" / "demo" / "demo.py", "sentiment"]
    settings, seen = Settings(home=folder / "home", data=archive), []
    for _ in range(2):
        finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        seen.append((finished.stdout, _tables(settings)))
    return settings, seen


def _tables(settings):
    """Every table as sorted rows."""
    lake = Lake(settings, "sentiment")
    names = ("curated", "labels", "predictions", "monitoring")
    return {name: sorted(map(str, lake.dataset(name).to_table().to_pylist())) for name in names}


def summary(said):
    """Part, version, days and rows of each line of the last table."""
    lines = (line.split("│") for line in said.splitlines() if "│" in line)
    return [[cell.strip() for cell in cells[1:5]] for cells in lines]


def test_the_terminal_shows_the_metric_and_its_fall(short_demo):
    said = short_demo[1][0][0]
    assert "sentiment_classifier version 1 learned from 5,600 rows" in said
    assert "data_drift raised" in said
    assert "quality_drop raised" in said
    assert said.index("data_drift raised") < said.index("quality_drop raised")
    assert ["movies", "1", "1", "200"] in summary(said)
    assert ["tweets", "1", "3", "1,500"] in summary(said)


def test_new_labels_of_what_changed_start_a_training_and_the_new_champion_scores_the_next_day(short_demo):
    settings, [(said, _), _] = short_demo
    reason = r"version 2 trained: data_drift, .*quality_drop active since 2026-01-02, and 500 labelled rows"
    assert re.search(reason, " ".join(said.split()))
    assert said.index("quality_drop raised") < said.index("version 2 is the champion")
    assert ["tweets", "2", "1", "500"] in summary(said)
    assert "version 3" not in said
    lake = Lake(settings, "sentiment")
    scored = lake.dataset("predictions").to_table(["interval", "model_version"]).to_pandas()
    versions = scored.groupby("interval")["model_version"].unique().map(list).to_dict()
    assert versions == {f"2026-01-0{day}": ["1"] for day in range(1, 5)} | {"2026-01-05": ["2"]}
    assert [(entry.action, entry.version) for entry in ledger.read(lake)] == [("promote", "1"), ("promote", "2")]


def test_the_report_marks_where_the_new_champion_took_over(short_demo):
    page = (short_demo[0].home / "report" / "sentiment.html").read_text(encoding="utf-8")
    assert re.search(r"<h1>Accuracy fell from \d\d% to \d\d%\. A new version has taken over", page)
    assert page.count('class="turn"') == 1
    assert ">version 2</text>" in page
    assert "<dt>tweets, version 1</dt>" in page


def test_the_report_is_where_the_terminal_says(short_demo):
    settings, [(said, _), _] = short_demo
    report = settings.home / "report" / "sentiment.html"
    assert str(report) in said
    assert "<svg" in report.read_text(encoding="utf-8")


def test_running_the_demo_twice_leaves_the_same_tables(short_demo):
    [(_, first), (_, second)] = short_demo[1]
    assert {name: len(rows) for name, rows in first.items()} == {name: len(rows) for name, rows in second.items()}
    assert first == second


def test_what_airflow_and_mlflow_print_is_kept_in_a_file_and_off_the_terminal(short_demo):
    settings, [(said, _), _] = short_demo
    assert (settings.home / "log" / "demo.log").is_file()
    assert "INFO" not in said
    assert "warning" not in said.lower()
