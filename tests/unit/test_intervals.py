"""Intervals of every unit and time zone: each moment is in one of them, and Airflow's schedule names the same ones."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from airflow.timetables.base import DataInterval, TimeRestriction  # noqa: TID251 - what it schedules is compared
from airflow.timetables.interval import CronDataIntervalTimetable  # noqa: TID251
from hypothesis import given, settings
from hypothesis import strategies as st
from pendulum import instance

from sluss.config.schedule import check_schedule, known_zone, usual_schedule
from sluss.curation.partitions import partition_names
from sluss.errors import ConfigError
from sluss.interval import Interval, Unit, airflow_interval, intervals, parse_interval, partition, partitions, unit_of

ZONES = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
CALENDAR = ["day", "week", "month", "quarter"]
SHORT = ["minute", "5 minutes", "15 minutes", "30 minutes", "hour", "2 hours", "6 hours", "12 hours"]

moments = st.datetimes(datetime(2000, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
units = st.one_of(
    st.builds(unit_of, st.sampled_from(CALENDAR), st.sampled_from(ZONES)), st.builds(unit_of, st.sampled_from(SHORT))
)


@given(unit=units, moment=moments)
@settings(deadline=None, max_examples=400)
def test_a_moment_is_in_one_interval_which_ends_where_the_next_begins(unit, moment):
    start, end = unit.start_of(moment), unit.after(moment)
    assert start <= moment < end
    assert unit.start_of(start) == start == unit.before(end)
    assert unit.start_of(end - timedelta.resolution) == start
    assert unit.start_of(end) == end
    assert partition(start, unit) == partition(end - timedelta.resolution, unit) < partition(end, unit)
    named = parse_interval(partition(start, unit), unit)
    assert named == Interval(start, end)
    assert partitions(named, unit) == (partition(start, unit), partition(end, unit))


@given(unit=units, start=moments)
@settings(deadline=None, max_examples=60)
def test_the_intervals_of_a_span_neither_overlap_nor_leave_a_gap(unit, start):
    first = unit.start_of(start)
    end = first
    for _ in range(40):
        end = unit.after(end)
    found = list(intervals(Interval(first, end), unit))
    assert len(found) == 40
    assert [each.end for each in found[:-1]] == [each.start for each in found[1:]]
    assert (found[0].start, found[-1].end) == (first, end)


@given(unit=units, times=st.lists(moments, min_size=1, max_size=50))
@settings(deadline=None, max_examples=150)
def test_the_partitions_of_many_rows_are_those_of_each(unit, times):
    found = partition_names(pa.chunked_array([pa.array(times, pa.timestamp("us", "UTC"))]), unit)
    assert found.to_pylist() == [partition(each, unit) for each in times]


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Africa/Cairo", "Asia/Beirut", "America/Havana"])
@pytest.mark.parametrize("year", [2024, 2026])
def test_every_quarter_of_an_hour_of_a_year_with_daylight_saving_is_in_one_day(zone, year):
    unit = unit_of("day", zone)
    first, end = (unit.start_of(datetime(each, 1, 1, 12, tzinfo=UTC)) for each in (year, year + 1))
    quarters = [first + timedelta(minutes=15 * number) for number in range(int((end - first) / timedelta(minutes=15)))]
    names = partition_names(pa.array(quarters, pa.timestamp("us", "UTC")), unit).to_pylist()
    days = list(intervals(Interval(first, end), unit))
    counts = {name: names.count(name) for name in dict.fromkeys(names)}
    assert sorted(names) == names
    assert counts == {partition(day.start, unit): int((day.end - day.start) / timedelta(minutes=15)) for day in days}
    assert {23 * 4, 25 * 4} <= set(counts.values())


OFTEN_CHANGED = ["Africa/Cairo", "America/Havana", "Atlantic/Azores", "Asia/Beirut", "America/Santiago", "Asia/Gaza"]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", *OFTEN_CHANGED])
@pytest.mark.parametrize("name", CALENDAR)
def test_airflow_schedules_the_same_intervals(name, zone):
    unit = unit_of(name, zone)
    timetable = CronDataIntervalTimetable(usual_schedule(unit), timezone=zone)
    first, end = (unit.start_of(datetime(year, 1, 7, tzinfo=UTC)) for year in (2026, 2027))
    scheduled = DataInterval(instance(unit.before(first)), instance(first))
    restriction = TimeRestriction(earliest=scheduled.start, latest=None, catchup=True)
    for interval in intervals(Interval(first, end), unit):
        scheduled = timetable.next_dagrun_info(
            last_automated_data_interval=scheduled, restriction=restriction
        ).data_interval
        assert airflow_interval(scheduled.start.isoformat(), scheduled.end.isoformat(), unit) == interval


@pytest.mark.parametrize("text", [*CALENDAR, *SHORT])
def test_the_schedule_that_is_proposed_for_a_unit_fits_it(text):
    unit = unit_of(text)
    check_schedule(f"{usual_schedule(unit)} ".strip().replace(" ", "  ", 1), unit)  # spaced otherwise: it is looked at
    assert str(unit) == text


@pytest.mark.parametrize(
    ("preset", "unit"), [("@hourly", "hour"), ("@daily", "day"), ("@midnight", "day"), ("@monthly", "month")]
)
def test_airflows_presets_fit_their_units(preset, unit):
    check_schedule(preset, unit_of(unit, "Europe/Berlin" if unit in CALENDAR else "UTC"))


@pytest.mark.parametrize(
    ("schedule", "unit", "reason"),
    [
        ("0 25 * * *", "day", 'not a cron expression; for unit: day write "0 0 * * *"'),
        ("every day", "day", "not a cron expression"),
        ("0 3 * * *", "day", "starts a run at Thu 2026-01-01 03:00, within a day"),
        ("0 0 * * 1-5", "day", "after Fri 2026-01-02 00:00 comes Mon 2026-01-05 00:00"),
        ("0 0 1-30 * *", "day", "after Fri 2026-01-30 00:00 comes Sun 2026-02-01 00:00"),
        ("0 * * * *", "day", "within a day"),
        ("@daily", "hour", 'for unit: hour write "0 * * * *"'),
        ("@weekly", "week", 'within a week; for unit: week write "0 0 * * 1"'),
        ("*/10 * * * *", "15 minutes", "within a 15 minutes"),
        ("0 0 1 * *", "week", "within a week"),
        ("@once", "day", "not a cron expression"),
    ],
)
def test_a_schedule_that_does_not_fit_the_unit_is_refused_with_one_that_does(schedule, unit, reason):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the sentence is compared
        check_schedule(schedule, unit_of(unit))
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    "text", ["fortnight", "7 hours", "0 minutes", "90 minutes", "2 days", "1.5 hours", "", "-1 hours", "day s"]
)
def test_a_unit_that_there_is_not_is_refused(text):
    with pytest.raises(ValueError, match=r"choose"):
        unit_of(text)


def test_hours_are_those_of_utc():
    with pytest.raises(ValueError, match="minutes and hours are those of UTC; leave schedule_zone: Europe/Berlin out"):
        unit_of("6 hours", "Europe/Berlin")


@pytest.mark.parametrize("name", ["Mars/Base", "../etc/passwd", "", "Europe"])
def test_a_zone_that_there_is_not_is_refused(name):
    with pytest.raises(ValueError, match="is not a time zone; give a name such as UTC or Europe/Berlin"):
        known_zone(name)


@pytest.mark.parametrize(("text", "unit"), [("yesterday", "day"), ("2026-13", "month"), ("2026-01-05T25", "hour")])
def test_a_text_that_names_no_interval_is_told_one_that_does(text, unit):
    with pytest.raises(ConfigError, match=r"e\.g\. 2026-01"):
        parse_interval(text, unit)


def test_an_interval_within_a_partition_is_refused():
    day = unit_of("day", "Europe/Berlin")
    utc = parse_interval("2026-01-05", Unit("day"))
    with pytest.raises(ConfigError, match="does not begin and end with a full day in Europe/Berlin"):
        partitions(utc, day)
