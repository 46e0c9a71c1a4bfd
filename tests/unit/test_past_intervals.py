"""An interval is judged by how far past intervals lie from each other. Seeds are fixed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluss.interval import unit_of
from sluss.monitoring.past import slices
from sluss.monitoring.seasons import phase_of, season_of, wall_starts
from sluss.monitoring.watch import Borrowed, Column, Since, Watch, from_json, to_json, with_noise_since
from sluss.statistics.aspects import NEW_AND_RARE, ORDER, cells, floor, legendre, number_grid, of_category, of_number
from sluss.statistics.charts import by_column, followed, jump_p_values, jumps, p_values, started
from sluss.statistics.distributions import category_part, number_part
from sluss.statistics.past_intervals import fit, joined, scales, standardised
from sluss.statistics.within_intervals import with_rows, with_within, within_intervals

FLOOR = 1 / (2 * np.arange(1, ORDER + 1) + 1)


def days(random, count, rows, shift=0.0, clump=1):
    """Aspects of days of normal rows compared with a large reference."""
    grid = number_grid(np.sort(np.random.default_rng(0).normal(size=20_000)).tolist())
    drawn = random.normal(size=(count, rows // clump)) + np.broadcast_to(shift, count)[:, None]
    return legendre(grid, drawn).mean(axis=1)


def learned(values, rows, phases=None):
    phases = np.zeros(len(values), dtype=np.int64) if phases is None else phases
    return fit(values, np.full(values.shape, float(rows)), phases, FLOOR, ORDER)


def test_aspects_depend_on_how_many_rows_lie_between_the_references_values():
    random = np.random.default_rng(1)
    reference, rows = np.sort(random.normal(size=50)), random.normal(size=1000)
    counts = np.bincount(np.searchsorted(reference, rows), minlength=51)
    between = np.concatenate([[reference[0] - 1], (reference[1:] + reference[:-1]) / 2, [reference[-1] + 1]])
    by_counts = counts @ legendre(reference, between) / len(rows)
    assert by_counts == pytest.approx(legendre(reference, rows).mean(axis=0))


def test_aspects_of_the_reference_are_zero_and_independent_rows_have_the_known_noise():
    part = number_part(np.random.default_rng(2).normal(size=50_000))
    values, rows = of_number(part, part)
    assert rows == 50_000
    assert values == pytest.approx(np.zeros(ORDER), abs=0.01)
    assert floor(part, ORDER) == pytest.approx(FLOOR, rel=0.02)


def test_a_column_of_one_value_has_aspects_too():
    part = number_part(np.full(100, 3.0))
    assert of_number(part, part)[0].tolist() == of_number(part, number_part(np.full(7, 3.0)))[0].tolist()
    assert floor(part, ORDER).min() > 0


def test_shares_of_categories_rare_ones_and_new_ones_are_aspects():
    reference = category_part(["red"] * 500 + ["blue"] * 490 + ["odd"] * 5 + ["strange"] * 5)["counts"]
    names = cells(reference)
    assert names == ["red", "blue"]
    usual, rows = of_category(names, reference.keys(), reference)
    new, _ = of_category(names, reference.keys(), {"red": 500, "green": 500})
    assert (len(usual), rows) == (len(names) + NEW_AND_RARE, 1000)
    assert new[-1] - usual[-1] > 1.4
    assert np.isnan(of_category(names, reference.keys(), {})[0]).all()


def test_independent_rows_give_the_known_noise_and_clumps_more():
    random = np.random.default_rng(3)
    assert learned(days(random, 200, 500), 500).variance / FLOOR == pytest.approx(np.ones(ORDER), abs=0.3)
    assert learned(days(random, 200, 500, clump=5), 500).variance / FLOOR == pytest.approx(np.full(ORDER, 5), rel=0.3)


def test_a_weekly_pattern_is_found_and_leaves_the_noise():
    random, phases = np.random.default_rng(4), np.arange(28) % 7
    past = learned(days(random, 28, 1000, shift=0.5 * np.sin(2 * np.pi * phases / 7)), 1000, phases)
    assert past.variance[0] < 3 * FLOOR[0]
    assert np.ptp(past.means[0]) > 0.4
    assert past.freedom[0] == pytest.approx(21)
    flat = learned(days(random, 28, 1000), 1000, phases)
    assert np.ptp(flat.means[0]) == 0
    assert flat.freedom[0] == pytest.approx(27)


def test_an_interval_of_few_rows_is_judged_by_its_own_noise():
    past = learned(days(np.random.default_rng(5), 28, 1000), 1000)
    value = np.full(ORDER, 0.1)
    few, usual, many = (np.abs(standardised(past, value, np.full(ORDER, float(n)), 0)) for n in (100, 1000, 100_000))
    assert usual == pytest.approx(few * np.sqrt(10), rel=1e-9)
    assert many == pytest.approx(usual)  # whether its noise shrinks, past intervals of fewer rows cannot show


def cut(random, rows, *, clump=1, scattered=False, spread=0.0):
    """The past of days whose fifths are known, with clumps in one fifth, or one row of each clump in each fifth."""
    levels = random.normal(0, spread, 28)
    parts = [days(random, 1 if scattered else 5, rows // 5, shift=level, clump=clump) for level in levels]
    parts = [np.repeat(part, 5, axis=0) if scattered else part for part in parts]
    past = learned(np.stack([part.mean(axis=0) for part in parts]), rows)
    return with_within(past, within_intervals([(part, np.full(5, rows / 5)) for part in parts], ORDER))


@pytest.mark.parametrize("clump", [1, 3])
def test_the_noise_of_fewer_rows_is_that_within_intervals_and_better_known(clump):
    past = cut(np.random.default_rng(20), 300, clump=clump)
    fewer, freedom = with_rows(past, np.full(ORDER, 60.0), [ORDER])
    true = days(np.random.default_rng(21), 4_000, 60, clump=clump).var(axis=0) * 60
    assert fewer.variance == pytest.approx(true, rel=0.3)
    assert freedom.min() > 3 * past.freedom.max()
    usual, same = with_rows(past, np.full(ORDER, 300.0), [ORDER])
    assert usual.variance == pytest.approx(past.variance)
    assert same == pytest.approx(past.freedom)


@pytest.mark.parametrize("noise", [{"clump": 1, "scattered": True}, {"spread": 0.2}])
def test_where_clumps_may_be_scattered_all_noise_grows_in_fewer_rows(noise):
    past = cut(np.random.default_rng(22), 300, **noise)
    fewer, freedom = with_rows(past, np.full(ORDER, 60.0), [ORDER])
    assert fewer.variance == pytest.approx(past.variance)
    assert freedom == pytest.approx(past.freedom)


def test_without_noise_within_intervals_all_noise_grows_in_fewer_rows():
    past = learned(days(np.random.default_rng(23), 28, 300), 300)
    assert with_rows(past, np.full(ORDER, 60.0), [ORDER])[0].variance == pytest.approx(past.variance)


def test_stable_days_seldom_look_changed_and_a_small_shift_adds_up():
    random = np.random.default_rng(6)
    past = learned(days(random, 28, 200), 200)
    rows = np.full(ORDER, 200.0)

    def smallest(shift, count):
        charts, found = started(ORDER), []
        for value in days(random, count, 200, shift=shift):
            charts = followed(charts, standardised(past, value, rows, 0), scales(past, rows))
            found.append(by_column(p_values(charts, past, 0).min(axis=1), np.array([0]), 3)[0])
        return np.array(found)

    assert (smallest(0.0, 400) < 0.001).sum() == 0
    lasting = smallest(0.25, 12)
    assert lasting[0] > 1e-4  # one day alone is not enough …
    assert lasting[-1] < 1e-6  # … and twelve are


def test_a_jump_is_measured_from_the_level_of_the_change_before():
    past, rows = learned(days(np.random.default_rng(7), 28, 500), 500), np.full(ORDER, 500.0)
    charts = started(ORDER)
    for value in days(np.random.default_rng(8), 3, 500, shift=0.5):
        charts = followed(charts, standardised(past, value, rows, 0), scales(past, rows))
    same, other = (_jump(past, charts, shift, 500) for shift in (0.5, 1.0))
    assert same > 1e-3
    assert other < 1e-6
    more, fewer = (_jump(past, charts, 0.5, count) for count in (60, 4_000))
    assert min(more, fewer) > 1e-3  # the same change, in an interval of other rows


def _jump(past, charts, shift, count):
    rows = np.full(ORDER, float(count))
    moved = standardised(past, days(np.random.default_rng(9), 1, count, shift)[0], rows, 0)
    of_rows = scales(past, rows)
    return jump_p_values(charts, jumps(charts, moved, of_rows), of_rows, past, np.ones(ORDER)).min()


def test_what_wanders_slowly_is_not_taken_for_a_change():
    random, level = np.random.default_rng(10), [0.0]
    for _ in range(400):
        level.append(0.95 * level[-1] + random.normal(0, 0.15 * np.sqrt(1 - 0.95**2)))
    values = days(random, 400, 1000, shift=np.array(level[1:]))
    past, charts = learned(values[:90], 1000), started(ORDER)
    assert past.slow[0] > 0.5
    for value in values[90:]:
        rows = np.full(ORDER, 1000.0)
        charts = followed(charts, standardised(past, value, rows, 0), scales(past, rows))
        assert p_values(charts, past, 0).min() * 12 * 20 > 0.004  # the budget of twenty columns


def test_pasts_of_columns_with_and_without_a_season_join():
    random, phases = np.random.default_rng(11), np.arange(28) % 7
    weekly = learned(days(random, 28, 500, shift=phases / 7.0), 500, phases)
    both = joined([weekly, learned(days(random, 28, 500), 500)])
    assert both.means.shape == (2 * ORDER, 7)
    assert np.isfinite(standardised(both, np.zeros(2 * ORDER), np.full(2 * ORDER, 10.0), 6)).all()


def test_noise_since_the_training_counts_until_there_is_enough():
    random = np.random.default_rng(12)
    few = learned(days(random, 3, 100), 100)
    assert with_noise_since(few, Since(np.zeros(ORDER), np.zeros(ORDER)), None) is None
    borrowed = with_noise_since(few, Since(np.zeros(ORDER), np.zeros(ORDER)), Borrowed(5.0, 27.0, 300.0))
    assert borrowed.variance / FLOOR == pytest.approx(np.full(ORDER, 5.0), rel=0.2)
    since = Since(np.zeros(ORDER), np.zeros(ORDER))
    values = days(random, 20, 100, clump=5)
    for value in values:
        since = since.with_interval(value, 100)
    assert since.effective == pytest.approx(20)
    assert since.squares == pytest.approx(100 * ((values - values.mean(axis=0)) ** 2).sum(axis=0))
    own = with_noise_since(few, since, None)
    assert own.freedom == pytest.approx(np.full(ORDER, 21.0))
    assert own.variance[0] > 2 * FLOOR[0]


def test_the_state_survives_json_and_an_unknown_one_counts_as_none():
    charts = followed(started(2), np.array([1.5, np.nan]), np.ones(2))
    watch = Watch({"price": Column(charts, Since(np.zeros(2), np.ones(2), 10.0, 50.0))})
    again = from_json(to_json(watch))
    assert to_json(again) == to_json(watch)
    assert again.of("price", 2).charts.intervals.tolist() == [1, 0]
    assert again.of("price", 3).charts.intervals.tolist() == [0, 0, 0]
    assert from_json({"price": {"charts": "?"}}) == Watch()


@pytest.mark.parametrize(
    ("unit", "zone"),
    [
        ("day", "Europe/Berlin"),
        ("week", "America/New_York"),
        ("month", "UTC"),
        ("15 minutes", "UTC"),
        ("6 hours", "UTC"),
    ],
)
def test_rows_fall_into_the_intervals_that_the_unit_gives_them(unit, zone):
    unit, start = unit_of(unit, zone), datetime(2026, 3, 1, tzinfo=UTC)
    moments = [start + timedelta(minutes=97 * number) for number in range(2500)]  # over both changes of the clock
    rows = pd.DataFrame({"event_time": pd.Series(moments, dtype="datetime64[us, UTC]")})
    names = [unit.partition(moment) for moment in moments]
    starts = [f"{wall:{unit.format}}" for wall in wall_starts(rows.event_time, unit)]
    assert starts == names
    assert [each.rows for each in slices(rows, unit)] == [names.count(name) for name in dict.fromkeys(names)]


def test_the_season_follows_from_the_unit_and_the_time_that_is_known():
    long = [datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(hours=hour) for hour in range(24 * 28)]
    assert season_of(unit_of("day"), long) == "weekday"
    assert season_of(unit_of("hour"), long[:100]) == "hour"
    assert season_of(unit_of("hour"), long) == "hour of the week"
    assert season_of(unit_of("month"), long) == "none"
    assert phase_of("hour of the week", datetime(2026, 1, 6, 13, tzinfo=UTC)) == 37


def test_an_aspect_that_never_moves_does_not_pass_for_one_that_wanders():
    random = np.random.default_rng(6)
    values = np.column_stack([random.normal(0, 1, 28) / np.sqrt(1000), np.full(28, 0.0387177)])
    past = fit(values, np.full(values.shape, 1000.0), np.zeros(28, dtype=np.int64), np.ones(2), 2)
    assert past.slow.max() < 0.01
    assert past.freedom == pytest.approx(np.full(2, 27), abs=1)


@given(
    counts=st.lists(st.integers(5, 500), min_size=16, max_size=40),
    value=st.floats(0.01, 3.0),
)
def test_a_column_that_never_changed_has_no_season_of_rounding_errors(counts, value):
    rows = np.repeat(np.array(counts, dtype=float)[:, None], 3, axis=1)
    values = np.full(rows.shape, value)
    values[::2] = np.nextafter(values[::2], 4)  # as different orders of adding leave it
    past = fit(values, rows, np.arange(len(counts)) % 7, np.ones(3), 3)
    alike = fit(values, rows, np.zeros(len(counts), dtype=np.int64), np.ones(3), 3)
    assert past.freedom.tolist() == pytest.approx(alike.freedom.tolist())
