"""Rows of a ranking know nothing of what came after them, whatever the ratings are."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluss.sources.moments import DAY, Moments, by_user, rows_of, state_at

RULES = Moments(at=(1, 2, 4), least_stars=4, label_days=3)
FEATURES = ["id", "event_time", "arrived_at", "user_id", "day", "liked", "ages", "known", "half_stars"]
one = st.tuples(
    st.sampled_from(["a", "b"]),
    st.integers(1, 12),
    st.sampled_from([1.0, 3.5, 4.0, 4.5, 5.0]),
    st.integers(0, 10 * DAY),
)
histories = st.lists(one, max_size=40)
moments = st.integers(0, 10 * DAY)


def frame(rated):
    return pd.DataFrame(rated, columns=["user", "item", "stars", "time"]).astype(
        {"item": float, "stars": float, "time": float}
    )


def before(table, moment):
    rows = table.to_pandas()
    return rows[rows.event_time <= pd.Timestamp(moment, unit="s", tz="UTC")].reset_index(drop=True)


@given(rated=histories, future=histories, moment=moments)
@settings(deadline=None, max_examples=60)
def test_another_future_moves_no_feature_of_the_past(rated, future, moment):
    past = [each for each in rated if each[3] <= moment]
    later = [(user, item, stars, time + moment + 1) for user, item, stars, time in future]
    alone, with_future = (before(rows_of(frame(each), RULES), moment) for each in (past, past + later))
    pd.testing.assert_frame_equal(alone[FEATURES], with_future[FEATURES])


@given(rated=histories, future=histories, moment=moments)
@settings(deadline=None, max_examples=60)
def test_a_label_depends_on_no_rating_after_it_was_known(rated, future, moment):
    past = [each for each in rated if each[3] <= moment]
    later = [(user, item, stars, time + moment + 1) for user, item, stars, time in future]
    found = []
    for each in (past, past + later):
        rows = rows_of(frame(each), RULES).to_pandas()
        known = rows[rows.label_time <= pd.Timestamp(moment, unit="s", tz="UTC")]
        found.append(known[["id", "label"]].reset_index(drop=True))
    pd.testing.assert_frame_equal(*found)


@given(rated=histories)
@settings(deadline=None, max_examples=60)
def test_a_row_alone_has_the_features_that_it_has_among_all(rated):
    users = {each.user: each for each in by_user(frame(rated))}
    for row in rows_of(frame(rated), RULES).to_pylist():
        alone = state_at(users[row["user_id"]], int(row["event_time"].timestamp()), RULES)
        assert alone == {name: row[name] for name in alone}


@given(rated=histories)
@settings(deadline=None, max_examples=60)
def test_a_label_has_no_item_that_the_row_knows(rated):
    for row in rows_of(frame(rated), RULES).to_pylist():
        known = {*row["liked"].split(), *row["known"].split()}
        assert not known & set((row["label"] or "").split())
        assert len(row["liked"].split()) == len(row["ages"].split()) >= int(row["id"].partition("-")[2])


@given(rated=histories, seed=st.integers(0, 99))
@settings(deadline=None, max_examples=60)
def test_the_order_of_the_ratings_does_not_matter(rated, seed):
    rows = frame(rated)
    assert rows_of(rows.sample(frac=1, random_state=seed), RULES).equals(rows_of(rows, RULES))


def test_the_first_of_two_ratings_of_an_item_counts():
    twice = [("a", 1, 5.0, 10), ("a", 1, 1.0, 20), ("a", 2, 2.0, 30), ("a", 2, 5.0, 40), ("a", 3, 4.0, 50)]
    rows = rows_of(frame(twice), RULES).to_pylist()
    assert [row["liked"] for row in rows] == ["1", "1 3"]
    assert rows[-1]["known"] == "2"
    assert rows[0]["label"] == "3"


def test_a_user_with_one_rating_is_a_row_without_a_label_or_none():
    assert rows_of(frame([("a", 1, 2.0, 10)]), RULES).num_rows == 0
    [row] = rows_of(frame([("a", 1, 5.0, 10)]), RULES).to_pylist()
    assert (row["id"], row["liked"], row["label"]) == ("a-1", "1", None)


def test_ratings_that_lack_something_are_left_out_and_a_title_is_not_needed():
    rows = frame([("a", 1, 5.0, 10), ("a", 2, 5.0, 20)]).assign(title=[None, "Alien"])
    lacking = [rows.iloc[:1].assign(**{name: None}) for name in ("user", "item", "stars", "time")]
    assert rows_of(pd.concat([rows, *lacking]), RULES).equals(rows_of(rows, RULES))


def test_likes_of_one_second_are_one_moment():
    rows = rows_of(frame([("a", item, 5.0, 10) for item in (1, 2, 3)]), RULES).to_pylist()
    assert [row["id"] for row in rows] == ["a-1"]
    assert rows[0]["liked"] == "1 2 3"


@pytest.mark.parametrize(("stars", "half_stars"), [([4.0, 5.0], 0.0), ([4.5, 5.0], 1.0)])
def test_a_user_who_gives_half_stars_has_their_half_stars(stars, half_stars):
    rows = rows_of(frame([("a", item, each, item) for item, each in enumerate(stars)]), RULES).to_pylist()
    assert rows[-1]["half_stars"] == half_stars
