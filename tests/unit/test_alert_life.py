"""The life of an alert: what the monitor and people do to it, in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluss.alerting.actions import Action
from sluss.alerting.change import parse_until
from sluss.alerting.identity import alert_id
from sluss.alerting.life import lives
from sluss.alerting.show import in_words
from sluss.errors import ConfigError
from sluss.monitoring.alerts import Alert, advance
from sluss.problems.condition import Condition

START = datetime(2026, 1, 1, tzinfo=UTC)
TYPES = ("data_drift", "quality_drop")
KINDS = ("acknowledge", "silence", "comment", "reopen", "close")

verdicts = st.lists(
    st.dictionaries(
        st.sampled_from(TYPES),
        st.tuples(st.sampled_from(["breached", "clear", "undecided"]), st.sampled_from(["warning", "critical"])),
    ),
    max_size=10,
)
acts = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 9), st.integers(0, 9), st.sampled_from(["ann", "bob"])), max_size=8
)


def name(number: int) -> str:
    return f"{START + timedelta(days=number):%Y-%m-%d}"


def monitored(days: list[dict[str, tuple[str, str]]]) -> list[tuple[str, list[Alert]]]:
    """The rows that the monitor writes for these verdicts."""
    newest: dict[str, Alert] = {}
    found = []
    for number, verdict in enumerate(days):
        conditions = [Condition(kind, what, severity, {}, "So.") for kind, (what, severity) in verdict.items()]
        alerts = advance(newest, conditions, name(number))
        newest = {alert.type: alert for alert in alerts}
        found.append((name(number), alerts))
    return found


def actions_on(days: list[tuple[str, list[Alert]]], chosen: list[tuple[str, int, int, str]]) -> list[Action]:
    """Acts of people on alerts that there are."""
    known = [(alert, interval) for interval, alerts in days for alert in alerts]
    found = []
    for number, (kind, which, _, person) in enumerate(chosen if known else []):
        alert, seen = known[which % len(known)]
        at = START + timedelta(days=60, minutes=number)
        until = at + timedelta(days=3) if kind == "silence" else None
        key = alert_id("x", alert.type, alert.since)
        found.append(Action(key, alert.type, alert.since, kind, person, at, seen, alert.severity, "why", until))
    return found


@given(verdicts, acts, st.randoms())
def test_the_order_in_which_rows_and_actions_are_read_does_not_matter(verdicts, acts, random):
    days = monitored(verdicts)
    actions = actions_on(days, acts)
    shuffled = list(actions)
    random.shuffle(shuffled)
    assert lives("x", days, shuffled) == lives("x", days, actions)


@given(verdicts, acts)
def test_an_alert_is_on_exactly_while_the_monitor_has_it(verdicts, acts):
    days = monitored(verdicts)
    found = lives("x", days, actions_on(days, acts))
    on = {alert_id("x", alert.type, alert.since) for alert in (days[-1][1] if days else []) if alert.active}
    assert {life.id for life in found if life.on} == on


@given(verdicts, acts)
def test_nothing_of_the_history_is_lost(verdicts, acts):
    days = monitored(verdicts)
    actions = actions_on(days, acts)
    found = {life.id: life for life in lives("x", days, actions)}
    for life in found.values():
        assert next(each.what for each in life.history if each.by == "the monitor") == "raised"
        assert len([each for each in life.history if each.at]) == sum(each.alert == life.id for each in actions)
    events = [(alert.since, alert.type) for _, alerts in days for alert in alerts if alert.state == "ended"]
    ends = [each for life in found.values() for each in life.history if each.what == "ended"]
    assert len(ends) == len(events)


@given(verdicts, acts)
def test_only_an_open_alert_has_a_state_that_asks_for_a_person(verdicts, acts):
    days = monitored(verdicts)
    for life in lives("x", days, actions_on(days, acts)):
        for now in (START, START + timedelta(days=61), START + timedelta(days=99)):
            assert (life.status(now) == "ended") == (not life.is_open)
            assert (life.status(now) == "reopened") <= life.reopened


@given(verdicts, acts)
def test_an_alert_worse_than_its_silence_is_news_again(verdicts, acts):
    days = monitored(verdicts)
    for life in lives("x", days, actions_on(days, acts)):
        if life.silence is not None and life.on:
            assert (life.severity, life.silence.severity) != ("critical", "warning")


def one(*states: tuple[str, str]) -> list[tuple[str, list[Alert]]]:
    """The days of one alert."""
    return [
        (name(number), [Alert(name(number), "data_drift", severity, state, name(0), f"Day {number}.", {})])
        for number, (state, severity) in enumerate(states)
    ]


ID = alert_id("x", "data_drift", name(0))
NOW = START + timedelta(days=60)


def act(kind: str, seen: int = 0, by: str = "ann", severity: str = "warning") -> Action:
    until = NOW + timedelta(days=1) if kind == "silence" else None
    at = NOW - timedelta(minutes=60 - seen)
    return Action(ID, "data_drift", name(0), kind, by, at, name(seen), severity, "why", until)


def test_one_person_owns_an_alert_and_hands_it_over():
    days = one(("raised", "warning"), ("ongoing", "warning"))
    [life] = lives("x", days, [act("acknowledge"), act("acknowledge", 1, by="bob")])
    assert (life.owner, life.status(NOW), life.first, life.message) == ("bob", "acknowledged", "Day 0.", "Day 1.")
    assert [(each.what, each.by) for each in life.history] == [
        ("raised", "the monitor"), ("acknowledged", "ann"), ("acknowledged", "bob"),
    ]  # fmt: skip


def test_a_silence_ends_with_its_time_or_when_the_alert_becomes_more_severe():
    [quiet] = lives("x", one(("raised", "warning"), ("ongoing", "warning")), [act("silence")])
    assert quiet.status(NOW) == "silenced"
    assert quiet.status(NOW + timedelta(days=2)) == "open"
    [loud] = lives("x", one(("raised", "warning"), ("ongoing", "critical")), [act("silence")])
    assert loud.status(NOW) == "open"
    assert [each.what for each in loud.history] == ["raised", "silenced", "updated"]


def test_an_ended_alert_can_be_opened_and_closed_again():
    days = one(("raised", "warning"), ("ended", "warning"))
    [life] = lives("x", days, [act("acknowledge"), act("reopen", 1, by="bob")])
    assert (life.status(NOW), life.owner) == ("reopened", "")
    [life] = lives("x", days, [act("reopen", 1), replace(act("close", 1), at=NOW)])
    assert life.status(NOW) == "ended"


def test_another_change_ends_the_alert_and_begins_one_of_its_own():
    days = one(("raised", "warning"))
    days.append((name(1), [Alert(name(1), "data_drift", "critical", "raised", name(1), "Other.", {})]))
    old, new = lives("x", days, [act("acknowledge")])
    assert (old.on, old.history[-1].message, new.on, new.owner) == (False, "Another change raised it anew.", True, "")
    assert old.id != new.id


def test_an_id_can_be_typed_and_is_the_same_everywhere():
    assert ID == alert_id("x", "data_drift", name(0)) != alert_id("y", "data_drift", name(0))
    assert len(ID) == 6
    assert ID.isalnum()
    assert ID.islower() or ID.isdigit()


@pytest.mark.parametrize(
    ("text", "hours"),
    [("3d", 72), ("12h", 12), (" 2 weeks ", 336), ("90m", 1.5), ("2026-01-04", 72), ("2026-01-01T05:00+02:00", 3)],
)
def test_a_silence_may_end_after_a_span_or_at_a_day_or_time(text, hours):
    assert parse_until(text, "UTC", START) == START + timedelta(hours=hours)


def test_a_day_is_one_of_the_use_cases_zone():
    assert parse_until("2026-01-04", "Europe/Berlin", START) == datetime(2026, 1, 3, 23, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "0d", "2025-12-31", "2099-01-01", "9999w", "3x", "2026-13-01", "-3d"])
def test_a_wrong_end_of_a_silence_is_one_sentence(text):
    with pytest.raises(ConfigError, match="UNTIL=3d"):
        parse_until(text, "UTC", START)


def test_an_age_is_in_its_two_largest_units():
    spans = [timedelta(), timedelta(minutes=5), timedelta(hours=30), timedelta(days=20, minutes=7)]
    assert [in_words(span) for span in spans] == ["0 min", "5 min", "1 d 6 h", "20 d 7 min"]
