"""Alerts by capacity and cost: the threshold, precision by entity, and the keys of the config."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluss.errors import ModelError
from sluss.problems.alert_capacity import Scored, threshold
from sluss.problems.entity_precision import entity_precision, known_entities

DAY = pd.Timedelta(days=1)
START = pd.Timestamp("2026-01-01", tz="UTC")


def scored(scores, labels=None, subjects=None, days=1):
    count = len(scores)
    return Scored(
        np.array(scores, float),
        np.array(labels if labels is not None else [0] * count),
        np.array(subjects if subjects is not None else range(count)),
        days,
    )


def alerts_from(rows, limit):
    return len({subject for subject, score in zip(rows.subjects, rows.scores, strict=True) if score >= limit})


def test_the_threshold_raises_as_many_alerts_as_fit():
    assert threshold(scored([0.9, 0.8, 0.7, 0.1]), 2) == 0.8
    assert threshold(scored([0.9, 0.8, 0.7, 0.1], days=2), 1.5) == 0.7


def test_rows_of_one_subject_are_one_alert():
    assert threshold(scored([0.9, 0.8, 0.7, 0.6], subjects=["a", "a", "b", "c"]), 2) == 0.7


def test_equal_scores_raise_all_or_none():
    assert threshold(scored([0.9, 0.5, 0.5, 0.5, 0.1]), 3) == 0.9


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 8)), min_size=2, max_size=60),
    st.integers(1, 30),
    st.integers(1, 3),
)
def test_a_lower_threshold_raises_too_many(rows, per_day, days):
    made = scored([score / 20 for score, _ in rows], subjects=[subject for _, subject in rows], days=days)
    whole, least = alerts_from(made, made.scores.min()), alerts_from(made, made.scores.max())
    if whole <= per_day * days or least > per_day * days:
        with pytest.raises(ModelError):
            threshold(made, per_day)
        return
    found = threshold(made, per_day)
    assert alerts_from(made, found) <= per_day * days
    assert alerts_from(made, made.scores[made.scores < found].max()) > per_day * days


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=2, max_size=40), st.integers(1, 20))
def test_costs_choose_the_cheapest_threshold_that_fits(rows, per_day):
    made, costs = scored([score / 12 for score, _ in rows], [int(label) for _, label in rows]), [[0, 3], [20, 3]]

    def spent(limit):
        raised = made.scores >= limit
        return sum(costs[label][int(each)] for label, each in zip(made.labels, raised, strict=True))

    fitting = [limit for limit in np.unique(made.scores) if alerts_from(made, limit) <= per_day]
    if not fitting or len(fitting) == len(np.unique(made.scores)) or min(map(spent, fitting)) >= spent(2):
        with pytest.raises(ModelError):
            threshold(made, per_day, costs)
        return
    assert spent(threshold(made, per_day, costs)) == min(map(spent, fitting))


def test_a_capacity_that_takes_every_row_is_refused():
    with pytest.raises(ModelError, match=r"alerts_per_day is 9, and the holdout has 3 alerts in 1 day.*Lower it"):
        threshold(scored([0.1, 0.2, 0.3]), 9)


def test_a_capacity_below_the_highest_score_s_rows_is_refused():
    with pytest.raises(ModelError, match=r"The 3 alerts of the holdout's highest score, 0.7, in 1 day are more than"):
        threshold(scored([0.7, 0.7, 0.7, 0.2]), 2)


def test_costs_that_no_alert_is_worth_are_refused():
    with pytest.raises(ModelError, match="none is worth its cost"):
        threshold(scored([0.9, 0.8, 0.1], [0, 1, 0]), 2, [[0, 100], [1, 100]])


def ranked(*days):
    return pd.DataFrame(
        [
            {"day": START + number * DAY, "entity": entity, "score": score, "label": label}
            for number, rows in enumerate(days)
            for entity, score, label in rows
        ]
    )


def test_an_entity_counts_by_its_highest_score_and_any_positive_row():
    found = entity_precision(ranked([("a", 0.1, 1), ("a", 0.9, 0), ("b", 0.8, 0), ("c", 0.2, 1)]), 2, {})
    assert (found.precision, found.perfect, found.share) == (0.5, 1.0, 0.5)


def test_known_and_found_entities_are_left_out():
    day = [("a", 0.9, 1), ("b", 0.8, 1), ("c", 0.7, 0), ("d", 0.1, 1)]
    found = entity_precision(ranked(day, day), 1, {START: {"a"}})
    # First day: b is found. Second day: a is not known any more, and b was found.
    # A perfect order finds one of b and d, and then a.
    assert (found.precision, found.perfect, found.days) == (1.0, 1.0, 2)
    again = entity_precision(ranked(day[1:3], day[1:3]), 1, {})
    assert (again.precision, again.perfect, again.share) == (0.5, 0.5, 1.0)
    none = entity_precision(ranked([("a", 0.9, 1)]), 1, {START: {"a"}})
    assert (none.precision, none.share) == (0.0, 1.0)


def test_an_entity_is_known_for_some_days_after_its_report():
    reports = pd.DataFrame({"entity": ["a", "b", "c"], "label_time": [START - 8 * DAY, START - DAY, START]})
    known = known_entities(reports, [START, START + DAY], within=7)
    assert known == {START: {"b"}, START + DAY: {"b", "c"}}
