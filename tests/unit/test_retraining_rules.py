"""When a new model is worth training: the rules on facts, each as a user would put it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sluss.config.operation import Retraining
from sluss.training.decision import Alarm, TrainingFacts, decide

NOW = datetime(2026, 1, 10, tzinfo=UTC)
ALARM = Alarm(("data_drift",), NOW - timedelta(days=6), 0, NOW - timedelta(days=6))


def days(*before: float) -> tuple[datetime, ...]:
    return tuple(sorted(NOW - timedelta(days=each) for each in before))


def with_rules(use_case, **rules):
    plain = {"min_new_labels": 5000, "min_new_labels_on_alert": 1200, "cool_down_hours": 48, "max_per_day": 1}
    return use_case.model_copy(update={"retraining": Retraining(**(plain | rules))})


@pytest.fixture
def rules(sentiment):
    return with_rules(sentiment)


def alarm(new_labels: int) -> Alarm:
    return Alarm(ALARM.types, ALARM.since, new_labels, ALARM.began)


@pytest.mark.parametrize(("labels", "train"), [(4_999, False), (5_000, True)])
def test_enough_new_labels_start_a_training(rules, labels, train):
    assert decide(rules, TrainingFacts(NOW, days(9), labels, None)).train is train


@pytest.mark.parametrize(("labels", "train"), [(1_199, False), (1_200, True)])
def test_fewer_are_enough_while_an_alert_is_active(rules, labels, train):
    decision = decide(rules, TrainingFacts(NOW, days(9), 4_000, alarm(labels)))
    assert decision.train is train
    assert f"data_drift active since 2026-01-04, and {labels:,} labelled rows" in decision.reason


def test_the_reason_names_the_beginning_of_a_fall_that_labels_showed_later(rules):
    fell = Alarm(("quality_drop",), NOW - timedelta(days=2), 1_300, NOW - timedelta(days=5))
    reason = decide(rules, TrainingFacts(NOW, days(9), 4_000, fell)).reason
    assert "quality_drop active since 2026-01-08, of a fall that began on 2026-01-05, and 1,300 labelled rows" in reason


def test_an_alert_without_new_labels_starts_nothing(rules):
    assert not decide(rules, TrainingFacts(NOW, days(9), 0, alarm(0))).train


def test_the_first_model_waits_for_as_many_rows_as_a_training_needs(rules):
    needed = rules.training.min_rows
    assert not decide(rules, TrainingFacts(NOW, (), needed - 1, None)).train
    assert decide(rules, TrainingFacts(NOW, (), needed, None)).train


@pytest.mark.parametrize(("hours", "train"), [(47, False), (48, True)])
def test_the_cool_down_is_counted_in_the_times_of_the_data(rules, hours, train):
    decision = decide(rules, TrainingFacts(NOW, days(hours / 24), 9_000, alarm(9_000)))
    assert decision.train is train
    assert train or "retraining.cool_down_hours" in decision.reason


def test_a_day_sees_no_more_trainings_than_allowed(sentiment):
    rules = with_rules(sentiment, cool_down_hours=0, max_per_day=2)
    assert decide(rules, TrainingFacts(NOW, days(0.2), 9_000, None)).train
    decision = decide(rules, TrainingFacts(NOW, days(0.2, 0.9), 9_000, None))
    assert not decision.train
    assert "2 of at most 2 trainings" in decision.reason
    assert decide(rules, TrainingFacts(NOW, days(0.2, 1.0), 9_000, None)).train


def test_a_schedule_starts_a_training_on_any_new_label(sentiment):
    rules = with_rules(sentiment, every_days=7)
    assert not decide(rules, TrainingFacts(NOW, days(6), 1, None)).train
    assert decide(rules, TrainingFacts(NOW, days(7), 1, None)).train
    assert not decide(rules, TrainingFacts(NOW, days(7), 0, None)).train


def test_an_old_interval_that_runs_late_starts_no_training_behind_a_newer_one(rules):
    decision = decide(rules, TrainingFacts(NOW, (*days(9), NOW + timedelta(days=1)), 9_000, alarm(9_000)))
    assert not decision.train
    assert "for 2026-01-11 already" in decision.reason


@given(st.lists(st.floats(-3, 20), max_size=6), st.integers(0, 10_000), st.none() | st.integers(0, 10_000))
def test_asked_again_after_the_training_it_answers_the_same(sentiment, before, labels, since_alert):
    rules = with_rules(sentiment)
    facts = TrainingFacts(NOW, days(*before), labels, None if since_alert is None else alarm(min(since_alert, labels)))
    after = TrainingFacts(NOW, (*facts.trainings, NOW), labels, facts.alarm)
    assert decide(rules, after) == decide(rules, facts)


@given(st.integers(1, 60), st.floats(0, 96), st.integers(1, 3), st.integers(0, 3_000))
def test_an_alert_that_stays_on_does_not_start_a_training_every_interval(sentiment, length, cool, most, a_day):
    """Day by day with an alert that never ends: trainings keep their distance, and each has its new labels."""
    rules = with_rules(sentiment, cool_down_hours=cool, max_per_day=most)
    trainings, new_labels = [NOW], 0
    for day in range(1, length):
        new_labels += a_day
        now = NOW + timedelta(days=day)
        if decide(rules, TrainingFacts(now, tuple(trainings), new_labels, alarm(new_labels))).train:
            assert new_labels >= 1_200
            assert now - trainings[-1] >= timedelta(hours=cool)
            trainings.append(now)
            new_labels = 0
    assert (len(trainings) - 1) * 1_200 <= length * a_day


def test_an_alert_may_not_delay_a_training():
    with pytest.raises(ValidationError, match="min_new_labels_on_alert must not be above min_new_labels"):
        Retraining(min_new_labels=10, min_new_labels_on_alert=11, cool_down_hours=0, max_per_day=1)
