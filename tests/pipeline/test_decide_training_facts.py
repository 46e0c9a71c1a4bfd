"""New labels and past trainings, read from real tables and a real MLflow."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest

from sluss.context import Context
from sluss.interval import midnight, parse_interval, partition
from sluss.storage.held_out import held_out
from sluss.storage.lake import Lake
from sluss.training import decision
from sluss.training.new_labels import newly_labelled
from tasks import decide_training

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def lake(settings):
    return Lake(settings, "sentiment")


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def put(lake, rows, labels):
    """Rows as (id, event, arrived) and labels as (id, known), in days after the first."""
    curated = [
        {"interval": partition(day(e), "day"), "id": i, "event_time": day(e), "arrived_at": day(a)} for i, e, a in rows
    ]
    known = [{"interval": partition(day(t), "day"), "id": i, "label": 1, "label_time": day(t)} for i, t in labels]
    for name, content in (("curated", curated), ("labels", known)):
        lake.replace(name, pa.Table.from_pylist(content), "2025-01-01", "2027-01-01")


def events(lake, use_case, until, last=None):
    found = newly_labelled(lake, use_case, day(until), None if last is None else day(last))
    return sorted((moment - START).total_seconds() / 86_400 for moment in found)


def test_a_row_counts_once_it_and_its_label_have_arrived_and_it_is_no_longer_held_out(lake, sentiment):
    held = sentiment.training.holdout_days
    put(lake, [("a", 1.5, 1.5), ("late", 1.25, held + 5), ("unlabelled", 1.75, 1.75)], [("a", 3.5), ("late", 2.5)])
    assert events(lake, sentiment, held + 1) == []
    assert events(lake, sentiment, held + 2) == [1.5]
    assert events(lake, sentiment, held + 6) == [1.25, 1.5]


def test_what_the_last_training_had_does_not_count_again(lake, sentiment):
    held = sentiment.training.holdout_days
    put(lake, [("a", 1.5, 1.5), ("b", 4.5, 4.5)], [("a", 3.5), ("b", 6)])
    assert events(lake, sentiment, held + 5, held + 2) == [4.5]
    assert events(lake, sentiment, held + 5, held + 1) == [1.5, 4.5]
    assert events(lake, sentiment, held + 5, held + 5) == []


def test_a_corrected_label_or_row_does_not_count_as_new(lake, sentiment):
    held = sentiment.training.holdout_days
    put(lake, [("a", 1.5, 1.5), ("a", 1.5, held + 4)], [("a", 3.5), ("a", held + 4)])
    assert events(lake, sentiment, held + 6, held + 3) == []


def test_rows_before_the_training_window_do_not_count(lake, sentiment):
    put(lake, [("a", 1.5, 1.5)], [("a", 3.5)])
    assert events(lake, sentiment, sentiment.training.window_days + 1) == [1.5]
    assert events(lake, sentiment, sentiment.training.window_days + 2) == []


def test_nothing_curated_means_nothing_new(lake, sentiment):
    assert events(lake, sentiment, 5) == []


def test_a_use_case_without_a_model_is_trained_as_soon_as_its_history_is_there(settings, lake, sentiment):
    needed = sentiment.training.min_rows
    put(lake, [(str(i), 0.5, 0.5) for i in range(needed)], [(str(i), 2.0) for i in range(needed)])
    decision = decide_training.run(Context(settings, sentiment), day(7))
    assert decision.train
    assert decision.until == day(7)
    assert not decide_training.run(Context(settings, sentiment), day(3)).train
    assert decide_training.run(Context(settings, sentiment), day(3), force=True).train


def test_trainings_and_alerts_come_from_the_hub_and_the_lake(first_days, sentiment):
    """The model of `first_days` knows the history; later rows are held out or not labelled yet."""
    until = parse_interval("2026-01-02", sentiment.unit).end
    facts = decision.read_facts(Context(first_days, sentiment), Lake(first_days, sentiment.name), until)
    assert midnight(sentiment.live_start) in facts.trainings
    assert 0 < facts.new_labels < 3 * 300
    assert facts.alarm is None
    assert not decide_training.run(Context(first_days, sentiment), until).train


def test_the_command_says_why(first_days, run_step):
    done = run_step("decide_training", "--until", "2026-01-02", SLUSS_HOME=first_days.home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Wait: ")
    assert "cool-down" in done.stdout or "new labelled rows" in done.stdout


def test_an_alert_counts_from_the_interval_that_raised_it(settings, lake, sentiment):
    held = sentiment.training.holdout_days
    put(lake, [("a", 1.5, 1.5), ("b", 2.5, 2.5), ("c", 3.5, 3.5)], [("a", 3), ("b", 4), ("c", 5)])
    alert = {"type": "data_drift", "severity": "warning", "message": "", "figures": json.dumps({})}
    life = [("2026-01-03", "raised"), ("2026-01-07", "ongoing"), ("2026-01-08", "ended")]
    rows = [{"interval": at, "alerts": [alert | {"state": state, "since": "2026-01-03"}]} for at, state in life]
    lake.replace("monitoring", pa.Table.from_pylist(rows), "2026-01-01", "2026-02-01")
    alarm = decision.read_facts(Context(settings, sentiment), lake, day(held + 4)).alarm
    assert (alarm.types, alarm.since, alarm.new_labels) == (("data_drift",), day(2), 2)
    assert decision.read_facts(Context(settings, sentiment), lake, day(2)).alarm is None
    assert decision.read_facts(Context(settings, sentiment), lake, day(8)).alarm is None


@pytest.mark.parametrize(("began", "counted"), [("2026-01-02", 3), ("2026-01-03", 2), ("2026-01-05", 1)])
def test_an_alert_of_the_quality_counts_from_the_interval_in_which_the_fall_began(
    settings, lake, sentiment, began, counted
):
    held = sentiment.training.holdout_days
    put(lake, [("a", 1.5, 1.5), ("b", 2.5, 2.5), ("c", 3.5, 3.5)], [("a", 3), ("b", 4), ("c", 5)])
    alert = {"type": "quality_drop", "severity": "warning", "message": "Worse.", "since": "2026-01-04"}
    life = [("raised", began), ("ongoing", "2026-01-01")]  # later estimates of the beginning do not move it
    rows = [
        {"interval": f"2026-01-0{day}", "alerts": [alert | {"state": state, "figures": json.dumps({"fall_since": at})}]}
        for day, (state, at) in enumerate(life, 4)
    ]
    lake.replace("monitoring", pa.Table.from_pylist(rows), "2026-01-01", "2026-02-01")
    alarm = decision.read_facts(Context(settings, sentiment), lake, day(held + 4)).alarm
    assert (alarm.since, alarm.new_labels, alarm.change) == (day(3), counted, "Worse.")
    assert alarm.began == min(parse_interval(began, "day").start, day(3))


def test_a_later_change_of_the_data_is_named_after_the_first_alert(settings, lake, sentiment):
    put(lake, [("a", 1.5, 1.5)], [("a", 3)])
    quality = {"type": "quality_drop", "severity": "critical", "figures": "{}", "since": "2026-01-05"}
    drift = quality | {"type": "data_drift"}
    rows = [
        {
            "interval": "2026-01-04",
            "alerts": [drift | {"state": "raised", "since": "2026-01-04", "message": "Amazon."}],
        },
        {"interval": "2026-01-05", "alerts": [quality | {"state": "raised", "message": "Worse."}]},
        {
            "interval": "2026-01-12",
            "alerts": [
                quality | {"state": "ongoing", "message": "Still worse."},
                drift | {"state": "raised", "since": "2026-01-12", "message": "Tweets."},
            ],
        },
    ]
    lake.replace("monitoring", pa.Table.from_pylist(rows), "2026-01-01", "2026-02-01")
    alarm = decision.read_facts(Context(settings, sentiment), lake, day(12)).alarm
    assert (alarm.since, alarm.change) == (day(4), "Worse. Then, in interval 2026-01-12: Tweets.")


def test_rows_that_are_split_by_their_ids_count_as_soon_as_their_labels_are_known(lake, sentiment):
    by_ids = sentiment.model_copy(
        update={"training": sentiment.training.model_copy(update={"holdout_share": 0.25, "holdout_days": 30})}
    )
    put(lake, [(str(i), 0.5, 0.5) for i in range(400)], [(str(i), 0.5) for i in range(400)])
    learned = len(events(lake, by_ids, 1))
    assert 270 < learned < 330
    frame = pd.DataFrame({"id": [str(i) for i in range(400)]})
    assert learned == (~held_out(by_ids, frame)).sum()
    assert events(lake, by_ids, 2, 1) == []
