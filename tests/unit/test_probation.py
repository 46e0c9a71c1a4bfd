"""A champion on probation goes if its labels show that it is worse, and hardly ever otherwise. Seeds are fixed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sluss.monitoring.probation import ROWS, Probation, condition, read_probation
from sluss.statistics.sample import sample_of

DROP = 0.05


def pairs(random, rows, worse, disagree=0.12):
    """Closeness of the predecessor minus that of the champion, which is worse by `worse` on average."""
    return random.choice([1.0, 0.0, -1.0], rows, p=[(disagree + worse) / 2, 1 - disagree, (disagree - worse) / 2])


def rows_until_worse(probation, step):
    while not probation.is_over:
        probation = step(probation)
        if probation.shows_worse(DROP):
            return probation.rows
    return None


def test_a_champion_that_is_worse_by_five_points_goes_within_hundreds_of_rows():
    random = np.random.default_rng(1)
    found = [
        rows_until_worse(Probation("2", "1", shadow=True), lambda each: each.after_pair(pairs(random, 100, 0.05)))
        for _ in range(100)
    ]
    assert None not in found
    assert np.median(found) <= 700
    assert np.quantile(found, 0.95) <= 1500


@pytest.mark.parametrize("mode", ["shadow", "labels"])
def test_a_champion_that_is_as_good_stays(mode):
    random = np.random.default_rng(2)

    def right(rows):
        return sample_of((random.random(rows) < 0.8).astype(float))

    def begun():
        return Probation("2", "1", shadow=mode == "shadow", record=right(2000))

    def step(each):
        return each.after_pair(pairs(random, 500, 0.0)) if each.shadow else each.after_labels(right(500))

    assert sum(rows_until_worse(begun(), step) is not None for _ in range(300)) <= 6


def test_by_its_labels_alone_a_fall_of_ten_points_below_the_predecessors_record_is_enough():
    random = np.random.default_rng(3)

    def right(share, rows):
        return sample_of((random.random(rows) < share).astype(float))

    found = [
        rows_until_worse(
            Probation("2", "1", shadow=False, record=right(0.8, 2000)), lambda each: each.after_labels(right(0.7, 100))
        )
        for _ in range(60)
    ]
    assert None not in found
    assert np.median(found) <= 700
    # Without a record of the predecessor, there is nothing to compare with.
    assert rows_until_worse(Probation("2", "1", shadow=False), lambda each: each.after_labels(right(0.3, 500))) is None


def test_a_probation_ends_after_its_rows_and_survives_its_json():
    random = np.random.default_rng(4)
    probation = Probation("2", "1", shadow=True).after_pair(pairs(random, ROWS + 100, 0.0))
    assert probation.is_over
    assert probation.rows == ROWS
    assert read_probation(json.loads(json.dumps(probation.as_dict()))) == probation
    assert read_probation(None) is None


def test_rows_in_batches_are_the_same_bets_as_all_at_once():
    random = np.random.default_rng(5)
    rows = pairs(random, 1000, 0.02)
    whole, parts = Probation("2", "1", shadow=True).after_pair(rows), Probation("2", "1", shadow=True)
    for part in np.split(rows, 20):
        parts = parts.after_pair(part)
    assert parts.chance == pytest.approx(whole.chance)
    assert parts.fall == pytest.approx(whole.fall)


def test_the_condition_says_how_much_worse_and_on_how_many_rows(sentiment):
    fine = condition(sentiment, Probation("2", "1", shadow=True))
    assert (fine.verdict, fine.message) == (
        "clear",
        "Version 2 is not shown to be worse than version 1, which it replaced: no labels are known yet.",
    )
    worse = condition(sentiment, Probation("2", "1", shadow=True).after_pair(np.repeat([1.0, 0.0], [60, 140])))
    assert (worse.verdict, worse.severity) == ("breached", "critical")
    assert "on 200 rows that both scored, its accuracy is lower by 0.300; if it were as good" in worse.message
    lost = condition(sentiment, Probation("2", "1", shadow=True, hindrance="ModelError: gone."))
    assert (lost.verdict, lost.message.rpartition(": ")[2]) == ("undecided", "gone.")
