"""The monitor on a real lake and a real MLflow: the alerts that it raises, and idempotence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import pandas as pd
import pytest
from monitor_world import LABEL_DELAY, World, register, world_from

from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.errors import DataError, ServiceError
from sluss.monitoring.tables import Point, read_monitored, read_series
from sluss.tracking.client import connect
from tasks import cleanup_old_artifacts, generate_summary, monitor_model

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase


@pytest.fixture
def world(template: Path, tmp_path: Path, sentiment: UseCase) -> World:
    return world_from(template, tmp_path / "home", sentiment)


def test_usual_days_raise_nothing(world):
    world.live(*["usual"] * 4)
    assert [result.alerts for result in world.monitor(0, 1, 2, 3)] == [()] * 4


def test_a_trend_is_read_from_the_log_as_it_was_written(world):
    world.live(*["usual"] * 3)
    world.monitor(0, 1, 2)
    written = read_monitored(world.lake)
    known = read_series(world.lake, "mean_confidence", [each.summary.interval for each in written[:2]])
    assert known == [
        Point(each.interval, each.model_version, each.rows, each.figures["mean_confidence"])
        for each in (monitored.summary for monitored in written[:2])
    ]


def test_changed_data_are_seen_at_once_and_the_worse_quality_once_labels_come(world):
    world.live("usual", "usual", "strange", "strange", "strange", "usual", "usual")
    results = world.monitor(*range(7))
    seen = {(a.type, a.state): a.interval for result in results for a in result.alerts if a.state != "ongoing"}
    assert seen["data_drift", "raised"] == "2026-01-03"
    assert "2026-01-03" < seen["quality_drop", "raised"] <= "2026-01-05"
    assert seen["data_drift", "ended"] == "2026-01-06"


def test_another_fall_of_the_metric_raises_the_alert_anew(world):
    world.live("usual", "usual", *["strange"] * 7)
    labels = pd.DataFrame(world.rows("labels"))
    worse = labels.id.str.partition("-")[0].astype(int) >= 6
    scored = pd.DataFrame(world.rows("predictions")).set_index("id").prediction
    flipped = worse & (labels.id.map(lambda row: crc32(row.encode())) % 10 < 6)
    labels.loc[flipped, "label"] = 1 - scored.reindex(labels.id[flipped]).to_numpy()
    world.replace("labels", labels.astype({"label": "int8"}).sort_values("interval"))
    results = world.monitor(*range(9))
    raised = [a for result in results for a in result.alerts if (a.type, a.state) == ("quality_drop", "raised")]
    assert [a.interval <= "2026-01-06" for a in raised] == [True, False]
    assert f"It fell again since {raised[0].interval}." in raised[1].message


def test_monitoring_twice_leaves_the_same_rows_and_one_run(world):
    world.live("usual", "strange", "strange")
    world.monitor(0, 1, 2)
    before = (world.rows("monitoring"), [run.to_dictionary() for run in world.runs()])
    world.monitor(0, 1, 2, 1)
    assert (world.rows("monitoring"), [run.to_dictionary() for run in world.runs()]) == before
    assert [run.info.run_name for run in world.runs()] == ["2026-01-01", "2026-01-02", "2026-01-03"]


def test_scoring_a_day_anew_replaces_its_run(world):
    world.live("usual", "usual")
    first = world.monitor(1)[0]
    world.live("usual", "strange")
    second = world.monitor(1)[0]
    assert [run.info.run_id for run in world.runs()] == [second.run_id] != [first.run_id]
    assert world.runs()[0].data.metrics["overall_avg_confidence"] == second.summary.figures["mean_confidence"]


def test_a_step_that_died_after_it_began_its_run_is_completed_by_the_next(world):
    world.live("usual")
    run_id = world.monitor(0)[0].run_id
    connect(world.settings).update_run(run_id, status="RUNNING")
    assert world.monitor(0)[0].run_id == run_id
    assert [run.info.status for run in world.runs()] == ["FINISHED"]


def test_two_steps_at_once_leave_one_run(world):
    world.live("usual")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(world.monitor, [0, 0]))
    world.monitor(0)
    assert len(world.runs()) == 1


def test_an_old_day_is_judged_by_what_was_known_then(world):
    world.live(*["usual"] * 3)
    before = world.monitor(0, 1)
    labels = pd.DataFrame(world.rows("labels"))
    labels.loc[labels.label_time >= world.day(1).end, "label"] ^= 1
    corrected = labels.assign(label=labels.label ^ 1, label_time=labels.label_time + timedelta(days=9))
    world.replace("labels", pd.concat([labels, corrected]).astype({"label": "int8"}))
    assert world.monitor(0, 1) == before
    assert world.monitor(2)[0].alerts != ()


def test_a_backfill_of_an_old_day_gives_what_it_gave_in_its_turn(world):
    world.live("usual", "strange", "usual", "strange")
    world.monitor(0, 1, 2, 3)
    before = world.rows("monitoring")
    world.monitor(1)
    assert world.rows("monitoring") == before


def test_a_day_of_few_rows_neither_raises_nor_ends_an_alert(world):
    world.live("usual", "strange", "strange")
    assert world.states(1, kind="data_drift") == ["raised"]
    curated, predictions = (pd.DataFrame(world.rows(name)) for name in ("curated", "predictions"))
    last = predictions.interval == "2026-01-03"
    world.replace("predictions", predictions[~last | (predictions.id.str.len() < 4)].astype({"prediction": "int8"}))
    assert world.states(2, kind="data_drift") == ["ongoing"]
    assert len(curated)


def test_a_day_is_compared_with_the_version_that_scored_it(world, tmp_path):
    version = register(world, tmp_path / "second", connect(world.settings))
    world.live("usual", version=version)
    result = world.monitor(0)[0]
    assert result.summary.model_version == version
    assert world.runs()[0].data.tags["sluss.model_version"] == version


def test_the_run_has_every_metric_and_artifact(world, tmp_path):
    world.live("usual", "strange", "strange")
    result = world.monitor(1)[0]
    run, client = world.runs()[0], connect(world.settings)
    assert run.data.metrics["rows"] == 300
    assert run.data.metrics["alert_count"] == 1
    assert run.data.metrics["drift.text.unknown_words"] > 0.4
    assert run.info.start_time == world.day(1).start.timestamp() * 1000
    alerts = json.loads(Path(client.download_artifacts(result.run_id, "alerts.json", str(tmp_path))).read_text())
    assert [alert["type"] for alert in alerts["alerts"]] == ["data_drift"]
    assert Path(client.download_artifacts(result.run_id, "drift.svg", str(tmp_path))).read_text().startswith("<svg")


def test_the_summary_says_what_to_do_and_is_kept_with_the_run(world, tmp_path):
    world.live("usual", "strange")
    world.monitor(0, 1)
    told = generate_summary.run(Context(world.settings, world.use_case), world.day(1))
    kept = connect(world.settings).download_artifacts(told.run_id, "summary.md", str(tmp_path))
    assert Path(kept).read_text(encoding="utf-8") == told.text
    assert "**raised** `data_drift`" in told.text
    assert "label some and train again" in told.text
    assert (
        "None: no alert is active." in generate_summary.run(Context(world.settings, world.use_case), world.day(0)).text
    )


@pytest.mark.parametrize("step", [monitor_model, generate_summary])
def test_an_interval_that_is_not_ready_says_what_to_run_first(world, step):
    with pytest.raises(DataError, match=r"first: python tasks/\w+.py --use-case sentiment --interval 2026-01-01"):
        step.run(Context(world.settings, world.use_case), world.day(0))


def test_a_hub_that_does_not_answer_is_named(world, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    world.live("usual")
    away = Settings(home=world.settings.home, data=None, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    with pytest.raises(ServiceError, match="does not answer"):
        monitor_model.run(Context(away, world.use_case), world.day(0))


def test_labels_come_later_than_the_rows_here():
    assert timedelta(days=1) < LABEL_DELAY


@pytest.mark.parametrize("step", ["monitor_model", "generate_summary", "cleanup_old_artifacts"])
def test_each_step_runs_as_a_file(step, world):
    arguments = [sys.executable, str(ROOT / "tasks" / f"{step}.py"), "--use-case", "sentiment", "--interval", "x"]
    environment = os.environ | {"SLUSS_HOME": str(world.settings.home)}
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 2
    assert "is not an interval" in done.stderr
    assert "Traceback" not in done.stderr


def test_cleaning_up_and_summing_up_at_once_is_safe(world):
    world.live("usual", "usual")
    world.monitor(0, 1)
    with ThreadPoolExecutor(2) as pool:
        steps = [
            pool.submit(s.run, Context(world.settings, world.use_case), world.day(1))
            for s in (cleanup_old_artifacts, generate_summary)
        ]
        assert [step.result() for step in steps]
