"""The features of `config/demand.sql`: what was known at noon, on both databases, whatever clock and table do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from sluss.config.settings import ROOT, Settings
from sluss.interval import Interval
from sluss.sources.electricity import ZONE, ElectricitySource, HeatWave, as_table, half_hours
from sluss.storage.warehouse import open_warehouse

QUERY = ROOT / "config" / "demand.sql"
DAYS = 110  # from New Year on: the clock goes back on 6 April, day 96
ALWAYS = Interval(datetime(2013, 1, 1, tzinfo=UTC), datetime(2016, 1, 1, tzinfo=UTC))
CHANGES = ("delete", "relabel", "shift", "correct", "weather")
LABEL = ["id", "label", "label_time"]


def readings(days=DAYS, seed=1):
    """Readings of a table without patterns: every value is another, so that each shows where it comes from."""
    random = np.random.default_rng(seed)
    count = days * 48
    working = (np.arange(count) // 48 % 7 < 5).astype(int)
    return pd.DataFrame(
        {"Demand": random.uniform(3, 9, count), "WorkDay": working, "Temperature": random.normal(17, 5, count)}
    )


def table(**changes):
    source = ElectricitySource(kind="electricity", start=date(2014, 1, 1), **changes)
    return half_hours(readings(), source)


def brought(rows):
    """Rows and labels as the warehouse gets them."""
    return rows.drop(columns=["label", "label_time"]), rows[LABEL].dropna()


class Features:
    """A warehouse with the two tables, and the query's answer."""

    def __init__(self, url, folder):
        self.settings = Settings(home=folder, warehouse=url)

    def of(self, rows, labels, interval=ALWAYS):
        with open_warehouse(self.settings) as warehouse:
            for name, frame, time in (("demand_rows", rows, "arrived_at"), ("demand_labels", labels, "label_time")):
                warehouse.replace(name, iter(as_table(frame).to_batches()), time, ALWAYS)
            found = pa.Table.from_batches(list(warehouse.read(QUERY, interval)))
        return found.to_pandas().set_index("id")


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    folder = tmp_path_factory.mktemp("features")
    return Features(f"duckdb:///{folder}/warehouse.duckdb", folder)


@pytest.fixture(scope="module")
def rows():
    return table()


@pytest.fixture(scope="module")
def found(features, rows):
    return features.of(*brought(rows))


def equal(one, other):
    pd.testing.assert_frame_equal(one, other.loc[one.index], check_dtype=False, check_exact=False, rtol=1e-12)


def test_each_lag_is_the_demand_at_the_same_time_of_the_clock_that_was_known_at_noon(found, rows):
    wall = rows.target_time.dt.tz_convert(ZONE).dt.tz_localize(None)
    by_wall = rows.assign(wall=wall).groupby("wall").label.mean()
    ours = found.join(rows.assign(wall=wall).set_index("id")[["wall"]])
    for days in (1, 2, 7, 14):
        then = ours.wall - pd.Timedelta(days=days)
        expected = then.map(by_wall)
        expected[(days == 1) & (ours.wall.dt.hour >= 12)] = np.nan  # not over at noon
        np.testing.assert_allclose(ours[f"demand_{days}"].astype(float), expected, rtol=1e-12, err_msg=str(days))


def test_days_have_46_and_50_half_hours_when_the_clock_moves(found):
    sizes = found.groupby(found.target_time.dt.tz_convert(ZONE).dt.date).size()
    assert sizes[date(2014, 4, 6)] == 50
    assert (sizes.drop([date(2014, 4, 6), date(2014, 1, 1), sizes.index[-1]]) == 48).all()
    twice = found[(found.event_time == found.event_time[found.target_time.dt.date == date(2014, 4, 5)].max())]
    assert sorted(twice.half_hour)[4:8] == [4, 4, 5, 5]
    # A week later, the repeated half-hours are one lag: the mean of both.
    after = found[(found.half_hour == 4) & (found.target_time.dt.tz_convert(ZONE).dt.date == date(2014, 4, 13))]
    assert len(after) == 1
    assert after.demand_7.notna().all()


def test_one_forecast_alone_gets_what_it_gets_in_the_history_row_by_row(features, rows, found):
    known = brought(rows)
    for noon in sorted(found.event_time.unique())[20:100:13]:
        alone = features.of(*known, Interval(noon.to_pydatetime(), noon.to_pydatetime() + timedelta(microseconds=1)))
        equal(alone, found)
        assert len(alone) == (found.event_time == noon).sum()


@given(place=st.tuples(st.integers(16, 100), st.integers(0, 2**32 - 1)), change=st.sampled_from(CHANGES))
@examples(deadline=None, max_examples=15)
def test_nothing_in_the_past_moves_when_the_future_does(features, rows, found, place, change):
    noon, seed = place
    moment = sorted(found.event_time.unique())[noon]
    random, (table_rows, labels) = np.random.default_rng(seed), brought(rows)
    later, told_later = table_rows.event_time > moment, labels.label_time > moment
    if change == "delete":
        table_rows, labels = table_rows[~later | (random.random(len(later)) < 0.5)], labels[~told_later]
    elif change == "relabel":
        labels = labels.assign(label=labels.label.where(~told_later, random.uniform(0, 99, len(labels))))
    elif change == "shift":
        by = pd.Timedelta(minutes=30) * int(random.integers(1, 500))
        labels = labels.assign(label_time=labels.label_time.where(~told_later, labels.label_time + by))
        table_rows = table_rows.assign(target_time=table_rows.target_time.where(~later, table_rows.target_time + by))
    elif change == "correct":
        again = labels.assign(label=99.0, label_time=np.maximum(labels.label_time, moment + pd.Timedelta(seconds=1)))
        labels = pd.concat([labels, again])
    else:
        table_rows = table_rows.assign(temperature=table_rows.temperature.where(~later, 40.0))
    now = features.of(table_rows, labels)
    equal(found[found.event_time <= moment], now)


def test_a_correction_counts_from_its_own_time_on(features, rows, found):
    known, labels = brought(rows)
    noon = sorted(found.event_time.unique())[50]
    one = labels[labels.label_time <= noon].iloc[-1]
    corrected = pd.concat([labels, labels.loc[[one.name]].assign(label=77.0, label_time=noon)])
    now = features.of(known, corrected)
    assert (now.before_noon_1[now.event_time == noon] == 77).all()
    equal(found[found.event_time < noon], now)


def test_a_missing_half_hour_and_a_missing_week_leave_the_next_best_lag(features, rows, found):
    known, labels = brought(rows)
    noon = sorted(found.event_time.unique())[60]
    gone = (labels.label_time > noon - pd.Timedelta(days=8)) & (labels.label_time <= noon - pd.Timedelta(days=1))
    now = features.of(known, labels[~gone])
    ours = now[now.event_time == noon]
    assert ours.demand_7.isna().all()
    np.testing.assert_allclose(ours.week_before, found.demand_14[ours.index])
    assert len(ours) == 48  # every half-hour still has a forecast


def test_a_reading_that_comes_twice_counts_once(features, rows, found):
    known, labels = brought(rows)
    equal(
        found,
        features.of(pd.concat([known, known[::7]]), pd.concat([labels, labels[::3]])).pipe(
            lambda f: f[~f.index.duplicated()]
        ),
    )


@pytest.mark.parametrize("wrong", [-9999.0, 999.0, np.nan])
def test_a_temperature_that_cannot_be_is_a_missing_one(features, rows, found, wrong):
    known, labels = brought(rows)
    broken = known.assign(temperature=known.temperature.where(known.index % 5 != 0, wrong))
    now = features.of(broken, labels).loc[found.index]
    assert now.forecast_temperature.isna().sum() == (known.index % 5 == 0).sum()
    numbers = now.filter(regex="temperature|warmest|forecast")
    assert numbers.min().min() > -30
    assert numbers.max().max() < 55


def test_a_demand_of_zero_or_less_is_no_reading(features, rows, found):
    known, labels = brought(rows)
    noon = sorted(found.event_time.unique())[60]
    now = features.of(
        known, labels.assign(label=labels.label.where(labels.label_time > noon - pd.Timedelta(days=3), 0.0))
    )
    assert now[now.event_time == noon].demand_7.isna().all()


def test_series_do_not_mix(features, rows, found):
    other = rows.assign(id="tasmania" + rows.id.str.removeprefix("victoria"), series="tasmania", label=rows.label + 100)
    both = features.of(*brought(pd.concat([rows, other])))
    equal(found, both)
    second = both[both.series == "tasmania"]
    np.testing.assert_allclose(second.demand_7.to_numpy(float), found.demand_7.to_numpy(float) + 100)


def test_postgres_gives_the_same_features(rows, found, postgres, tmp_path):
    equal(
        found[found.event_time > found.event_time.max() - pd.Timedelta(days=30)],
        Features(postgres, tmp_path).of(*brought(rows)),
    )


def test_a_heat_wave_warms_its_days_and_raises_their_demand_only(rows):
    hot = table(heat_wave=HeatWave(start=date(2014, 2, 3), days=4, degrees=9))
    days = rows.target_time.dt.tz_convert(ZONE).dt.date
    changed = (days >= date(2014, 2, 3)) & (days < date(2014, 2, 7))
    np.testing.assert_allclose((hot.temperature - rows.temperature)[changed], 9)
    assert (hot.label - rows.label)[changed].mean() > 0.3
    pd.testing.assert_frame_equal(hot[~changed], rows[~changed])


def test_a_shifted_calendar_moves_the_demand_and_not_what_is_known_of_it(rows):
    shifted = table(calendar_shift=date(2014, 3, 1))
    days = rows.target_time.dt.tz_convert(ZONE).dt.date
    before = days < date(2014, 3, 1)
    pd.testing.assert_frame_equal(shifted[before.loc[shifted.index]], rows[before])
    there = shifted.index[~before.loc[shifted.index]]
    np.testing.assert_array_equal(shifted.label[there], rows.label[there + 48])
    assert (shifted.workday == rows.workday.loc[shifted.index]).all()


def test_a_holiday_is_known_for_its_own_day_and_for_the_days_of_the_lags(features, rows):
    local = rows.target_time.dt.tz_convert(ZONE).dt.date
    holiday = rows.assign(workday=rows.workday.where(local != date(2014, 3, 12), 0.0))
    now = features.of(*brought(holiday))
    days = now.target_time.dt.tz_convert(ZONE).dt.date
    assert (now.workday[days == date(2014, 3, 12)] == 0).all()
    assert (now.workday_7[days == date(2014, 3, 19)] == 0).all()
    assert (now.workday_7[days == date(2014, 3, 20)] == 1).all()


def test_a_half_hour_without_a_reading_has_no_lag_and_still_a_forecast(features, rows, found):
    known, labels = brought(rows)
    gone = labels.id == "victoria-20140310T0300Z"
    now = features.of(known, labels[~gone])
    week_later = now.loc["victoria-20140317T0300Z"]
    assert np.isnan(week_later.demand_7)
    assert week_later.week_before == found.demand_14["victoria-20140317T0300Z"]
    assert len(now) == len(found)


def test_the_order_of_the_table_changes_no_digit(features, rows, found):
    shuffled = features.of(*(part.sample(frac=1, random_state=3) for part in brought(rows)))
    pd.testing.assert_frame_equal(shuffled.loc[found.index], found, check_exact=True)
