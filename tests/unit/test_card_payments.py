"""Simulated card payments: the handbook's figures, days that do not depend on each other, and the four frauds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from sluss.errors import DataError
from sluss.interval import Interval
from sluss.sources.card_payments import CardPaymentsSource
from sluss.sources.card_simulator import make_world

START = date(2018, 4, 1)
MIDNIGHT = datetime(2018, 4, 1, tzinfo=UTC)


def day(number, days=1):
    return Interval(MIDNIGHT + timedelta(days=number), MIDNIGHT + timedelta(days=number + days))


def source(**keys):
    config = CardPaymentsSource(kind="card_payments", start=START, **{"days": 60, "customers": 200} | keys)
    return config.source(SimpleNamespace(use_case=SimpleNamespace(name="fraud")))


def read(batches):
    return [row for batch in batches for row in batch.to_pylist()]


def test_a_world_has_the_handbook_s_payments_and_frauds():
    # Ten seeds had 1.773 million payments in 183 days on average, and 14,991 frauds; one day has the 183rd part.
    world = make_world(1)
    days = [world.day(number) for number in range(30, 183, 9)]
    assert np.mean([len(each) for each in days]) == pytest.approx(1_773_000 / 183, rel=0.04)
    assert np.mean([each.frauds.mean() for each in days]) == pytest.approx(0.0085, rel=0.15)
    assert all((np.diff(each.seconds) >= 0).all() for each in days)
    assert all((each.amounts >= 0).all() for each in days)


def test_days_do_not_depend_on_the_order_in_which_they_are_made():
    for made in (make_world(3, customers=100), make_world(3, customers=100)):
        alone = made.day(20)
        list(map(made.day, range(25)))
        again = make_world(3, customers=100).day(20)
        for name in ("seconds", "customers", "terminals", "amounts", "scenarios"):
            assert (getattr(alone, name) == getattr(again, name)).all()


def test_payments_above_220_are_frauds_and_skimmed_terminals_are_bad_as_a_whole():
    world = make_world(5)
    for number, most in ((10, 22), (40, 56)):
        made = world.day(number)
        assert (made.scenarios[made.amounts > 220] > 0).all()
        skimmed = np.unique(made.terminals[made.scenarios == 2])
        assert made.frauds[np.isin(made.terminals, skimmed)].all()
        assert most / 2 < len(skimmed) <= most


def test_cards_are_tested_from_the_day_on_that_is_named():
    world = make_world(5, testing_from=30, tested_a_day=4)
    before, first, later = (world.day(number) for number in (29, 30, 40))
    assert not (before.scenarios == 4).any()
    assert len(np.unique(first.customers[first.scenarios == 4])) == 4
    tests = later.scenarios == 4
    assert len(np.unique(later.customers[tests])) == 8  # a card is tested on two days
    assert later.amounts[tests].max() <= 5
    without = make_world(5).day(29)
    assert (without.amounts == before.amounts).all()


def test_a_smaller_world_has_as_large_a_share_of_frauds():
    world = make_world(2, customers=1_000, terminals=2_000)
    days = [world.day(number) for number in range(30, 130, 2)]
    assert np.mean([len(each) for each in days]) == pytest.approx(1_773_000 / 183 / 5, rel=0.1)
    assert np.mean([each.frauds.mean() for each in days]) == pytest.approx(0.0085, rel=0.3)


def test_one_card_without_a_terminal_near_by_pays_nowhere():
    made = make_world(0, customers=1, terminals=1, testing_from=0, tested_a_day=3)
    assert sum(len(made.day(number)) for number in range(5)) == 0
    with pytest.raises(ValueError, match="not 0 customers and 1 terminal"):
        make_world(0, customers=0, terminals=1)


def test_rows_and_labels_come_by_the_interval_in_which_they_arrive():
    made = source()
    rows, labels = read(made.rows(day(20, 3))), read(made.labels(day(27, 3)))
    assert {row["id"] for row in rows} == {label["id"] for label in labels}
    assert [row["id"] for row in rows] == [row["id"] for one in range(20, 23) for row in read(made.rows(day(one)))]
    assert all(row["event_time"] == row["arrived_at"] for row in rows)
    assert all(day(27, 3).start <= label["label_time"] < day(27, 3).end for label in labels)
    assert next(iter(made.labels(day(2)))).schema.names == ["id", "label", "label_time"]
    assert not read(made.labels(day(2)))


def test_hours_of_a_day_make_the_day():
    made = source()
    hours = [Interval(day(20).start + timedelta(hours=n), day(20).start + timedelta(hours=n + 1)) for n in range(24)]
    assert [row for hour in hours for row in read(made.rows(hour))] == read(made.rows(day(20)))


def test_a_card_that_reports_late_is_known_after_a_month():
    made = source(late_share=1, customers=2000)
    known = read(made.labels(day(27)))
    assert known
    assert not any(label["label"] for label in known)
    late = [label for label in read(made.labels(day(50))) if label["label"]]
    assert late
    assert {label["id"][:8] for label in late} == {"20180421"}


def test_an_interval_outside_is_a_sentence():
    with pytest.raises(DataError, match=r"fraud has no payments in 2018-07-10.*raise source.days"):
        list(source().rows(day(100)))
