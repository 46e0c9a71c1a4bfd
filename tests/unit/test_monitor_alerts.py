"""The life cycle of an alert, for any sequence of verdicts."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sluss.monitoring.alerts import Alert, advance, succeeded
from sluss.monitoring.conditions import OF_ALL
from sluss.problems import confidence
from sluss.problems.condition import Condition

ALERT_TYPES = (*confidence.ALERTS, *OF_ALL)

verdicts = st.lists(
    st.dictionaries(st.sampled_from(ALERT_TYPES), st.sampled_from(["breached", "clear", "undecided"])), max_size=12
)


def live(days: list[dict[str, str]]) -> list[list[Alert]]:
    """The alerts of each interval, each from the newest earlier row of its type, as the table gives them."""
    newest: dict[str, Alert] = {}
    history = []
    for number, day in enumerate(days):
        conditions = [Condition(kind, verdict, "warning", {}, "It is so.") for kind, verdict in day.items()]
        alerts = advance(newest, conditions, f"2026-01-{number + 1:02d}")
        newest |= {alert.type: alert for alert in alerts}
        history.append(alerts)
    return history


def states(days: list[dict[str, str]], kind: str) -> list[str | None]:
    return [next((a.state for a in alerts if a.type == kind), None) for alerts in live(days)]


def test_an_alert_is_raised_once_lasts_in_silence_and_ends_once():
    days = [{"data_drift": v} for v in ("clear", "breached", "breached", "undecided", "clear", "clear", "breached")]
    assert states(days, "data_drift") == [None, "raised", "ongoing", "ongoing", "ended", None, "raised"]


@given(verdicts)
def test_states_follow_each_other_as_a_person_expects(days):
    for kind in ALERT_TYPES:
        allowed = {
            None: {None, "raised"},
            "raised": {"ongoing", "ended"},
            "ongoing": {"ongoing", "ended"},
            "ended": {None, "raised"},
        }
        found = [None, *states(days, kind)]
        assert all(after in allowed[before] for before, after in pairwise(found))


@given(verdicts)
def test_what_cannot_be_judged_neither_raises_nor_ends(days):
    for kind in ALERT_TYPES:
        for day, state in zip(days, states(days, kind), strict=True):
            if day.get(kind, "undecided") == "undecided":
                assert state in {None, "ongoing"}


@given(verdicts)
def test_every_row_knows_the_interval_that_raised_its_alert(days):
    raised: dict[str, str] = {}
    for alerts in live(days):
        for alert in alerts:
            if alert.state == "raised":
                raised[alert.type] = alert.interval
            assert alert.since == raised[alert.type]


@given(verdicts)
def test_judging_again_gives_the_same_alerts(days):
    assert live(days) == live(days)


def test_an_alert_that_gets_worse_is_news_and_not_raised_again():
    warning = Condition("data_drift", "breached", "warning", {}, "Some.")
    critical = Condition("data_drift", "breached", "critical", {}, "Much.")
    first = advance({}, [warning], "2026-01-01")
    second = advance({"data_drift": first[0]}, [critical], "2026-01-02")
    assert [(a.state, a.severity, a.since) for a in second] == [("updated", "critical", "2026-01-01")]
    third = advance({"data_drift": second[0]}, [critical], "2026-01-03")
    assert [(a.state, a.news) for a in third] == [("ongoing", False)]


def test_a_severity_that_goes_up_and_down_is_news_once():
    warning = Condition("data_drift", "breached", "warning", {}, "Some.")
    days = [warning, replace(warning, severity="critical"), warning, replace(warning, severity="critical")]
    before, found = {}, []
    for number, condition in enumerate([*days, replace(warning, verdict="clear"), warning], 1):
        [alert] = advance(before, [condition], f"2026-01-{number:02d}")
        found.append((alert.state, alert.severity))
        before = {alert.type: alert}
    assert found == [
        ("raised", "warning"),
        ("updated", "critical"),
        ("ongoing", "critical"),
        ("ongoing", "critical"),
        ("ended", "critical"),
        ("raised", "warning"),
    ]


def test_another_change_raises_an_alert_that_is_on_anew():
    change = Condition("data_drift", "breached", "warning", {}, "One.")
    first = advance({}, [change], "2026-01-01")
    second = advance({"data_drift": first[0]}, [replace(change, message="Two.", anew=True)], "2026-01-05")
    assert [(a.state, a.since, a.message) for a in second] == [("raised", "2026-01-05", "Two.")]


def test_another_version_starts_without_the_alerts_of_the_one_before():
    change = Condition("data_drift", "breached", "warning", {}, "One.")
    old = advance({}, [change, Condition("quality_drop", "clear", "warning", {}, "")], "2026-01-01")
    ended = succeeded({a.type: a for a in old}, "2026-01-02", ("1", "2"))
    assert [(a.type, a.state, a.since) for a in ended] == [("data_drift", "ended", "2026-01-01")]
    assert "Version 2 took over from version 1" in ended[0].message
