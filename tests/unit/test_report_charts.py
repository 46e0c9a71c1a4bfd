"""Charts that stay readable and safe, whatever they are given."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sluss.charts.drift_chart import drift_chart
from sluss.charts.svg import Frame, line, nice, shade, svg, text, x_axis, y_axis
from sluss.monitoring.alerts import Alert
from sluss.reporting.facts import alert_periods
from sluss.statistics.figures import Drift


@given(st.floats(0, 1), st.floats(0, 1))
def test_an_axis_has_round_ends_around_its_values_and_a_few_steps(low, high):
    assume(high - low > 1e-3)
    start, stop, step = nice(low, high)
    assert start <= low + 1e-6
    assert high - 1e-6 <= stop
    assert 2 <= round((stop - start) / step) <= 8


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs", "Co", "Cn"])))
def test_whatever_a_label_holds_is_shown_as_text(label):
    frame = Frame(3, 0, 1)
    marks = [x_axis(frame, [label] * 3), shade(frame, (0, 1), "a", label), text(0, 0, label, "note")]
    root = ET.fromstring(svg(frame, label, marks))  # noqa: S314 - our own output
    assert {child.tag.split("}")[1] for child in root} <= {"title", "text", "rect"}


def test_a_line_breaks_where_a_value_is_missing():
    drawn = line(Frame(4, 0, 1), [0.1, None, 0.3, 0.4], "a")
    assert drawn.count("M") == 2
    assert drawn.count("<circle") == 3
    assert line(Frame(2, 0, 1), [None, None], "a") == ""


def test_names_on_an_axis_do_not_run_into_each_other():
    drawn = x_axis(Frame(100, 0, 1, width=500), [f"01-{day:02d}" for day in range(100)])
    assert 5 <= drawn.count("<text") <= 12


def test_an_axis_shows_its_values():
    drawn = y_axis(Frame(1, 0, 0.3), 0.1)
    assert [f">{value}<" in drawn for value in ("0.00", "0.10", "0.20", "0.30")] == [True] * 4


def test_the_drift_chart_marks_features_beyond_the_limit():
    drawn = drift_chart("A <day>", [Drift("text.words", 0.3, 0.0, 5, 6), Drift("score", 0.02, 0.5, 0.5, 0.5)], 0.1)
    assert (drawn.count('class="far"'), drawn.count('class="calm"')) == (1, 1)
    assert "A &lt;day&gt;" in drawn
    ET.fromstring(drawn)  # noqa: S314 - our own output


@pytest.mark.parametrize(("ended", "last"), [(True, "2026-01-02"), (False, "2026-01-03")])
def test_the_rows_of_one_alert_are_one_stretch_of_time(ended, last):
    states = ["raised", "ongoing", "ended" if ended else "ongoing"]
    alerts = [
        Alert(f"2026-01-0{day}", "data_drift", "warning", state, "2026-01-01", f"day {day}", {})
        for day, state in enumerate(states, 1)
    ]
    [period] = alert_periods(alerts)
    assert (period.since, period.last, period.ended, period.message) == ("2026-01-01", last, ended, "day 1")


def test_another_change_ends_the_period_of_the_one_before():
    alerts = [
        Alert("2026-01-01", "data_drift", "warning", "raised", "2026-01-01", "One.", {}),
        Alert("2026-01-02", "data_drift", "warning", "ongoing", "2026-01-01", "One.", {}),
        Alert("2026-01-03", "data_drift", "critical", "raised", "2026-01-03", "Two.", {}),
    ]
    found = [(each.since, each.last, each.ended) for each in alert_periods(alerts)]
    assert found == [("2026-01-01", "2026-01-02", True), ("2026-01-03", "2026-01-03", False)]
