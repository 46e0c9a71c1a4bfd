"""Rankers: the formulas of their sources, point in time, and a row alone like in a batch."""

from __future__ import annotations

import numpy as np
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from components.rankers import CosineRanker, EaseRanker, PopularityRanker
from sluss.training.fingerprint import pipeline_digest

EVERY = [
    PopularityRanker(items=4),
    CosineRanker(items=4, half_life_days=30, blend=0.3),
    EaseRanker(items=4, half_life_days=30, blend=0.3, regularisation=5),
]


def drawn(rows=60, items=25, seed=1):
    """Rows and labels of users with random likes."""
    random = np.random.default_rng(seed)
    table, labels = [], []
    for row in range(rows):
        chosen = random.permutation(items)[: random.integers(1, 12)] + 1
        liked, known, label = np.split(chosen, sorted(random.integers(0, len(chosen) + 1, 2)))
        ages = random.integers(0, 400, len(liked))
        table.append([f"u{row // 2}", float(1000 + row), *(" ".join(map(str, each)) for each in (liked, ages, known))])
        labels.append(" ".join(map(str, label)))
    return np.array(table, dtype=object), labels


def matrix_of(table, labels, ids):
    """Users by items, 1 for a like."""
    users = sorted({row[0] for row in table})
    found = np.zeros((len(users), len(ids)))
    for row, label in zip(table, labels, strict=True):
        for item in f"{row[2]} {label}".split():
            found[users.index(row[0]), list(ids).index(int(item))] = 1
    return found


def test_ease_gives_the_scores_of_its_closed_form():
    table, labels = drawn()
    ranker = EaseRanker(regularisation=7.0).fit(table, labels)
    liked = matrix_of(table, labels, ranker.item_ids_)
    inverse = np.linalg.inv(liked.T @ liked + 7.0 * np.eye(liked.shape[1]))
    weights = np.eye(liked.shape[1]) - inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    own = matrix_of(table, [""] * len(table), ranker.item_ids_)
    rows = np.array([[user, 0.0, " ".join(map(str, ranker.item_ids_[own[place] > 0])), "", ""] for place, user in
                     enumerate(sorted({row[0] for row in table}))], dtype=object)  # fmt: skip
    rows[:, 3] = [" ".join("0" * len(row[2].split())) for row in rows]
    found = ranker._similarities(ranker._liked(rows))
    np.testing.assert_allclose(found, own @ weights, atol=1e-10)


def test_cosines_are_those_of_the_columns():
    table, labels = drawn()
    ranker = CosineRanker().fit(table, labels)
    liked = matrix_of(table, labels, ranker.item_ids_)
    cosines = liked.T @ liked / np.outer(*2 * [np.linalg.norm(liked, axis=0)])
    row = np.array([["x", 0.0, str(ranker.item_ids_[3]), "0", ""]], dtype=object)
    np.testing.assert_allclose(ranker._similarities(ranker._liked(row))[0], cosines[3])


@pytest.mark.parametrize("ranker", EVERY, ids=lambda ranker: type(ranker).__name__)
def test_no_list_has_an_item_twice_or_one_that_the_user_knows(ranker):
    table, labels = drawn()
    lists = clone(ranker).fit(table, labels).predict(table)
    assert lists.shape == (60, 8)
    for row, ids in zip(table, lists[:, :4].astype(int).tolist(), strict=True):
        there = [item for item in ids if item != -1]
        assert len(set(there)) == len(there)
        assert not {str(item) for item in there} & {*row[2].split(), *row[4].split()}


@pytest.mark.parametrize("ranker", EVERY, ids=lambda ranker: type(ranker).__name__)
def test_a_row_alone_gets_the_list_that_it_gets_in_a_batch(ranker):
    table, labels = drawn(rows=300)
    fitted = clone(ranker).fit(table, labels)
    together = fitted.predict(table)
    np.testing.assert_array_equal(np.vstack([fitted.predict(row[None]) for row in table[::17]]), together[::17])


@pytest.mark.parametrize("ranker", EVERY, ids=lambda ranker: type(ranker).__name__)
def test_the_order_of_the_rows_and_a_way_through_skops_change_nothing(ranker, tmp_path):
    table, labels = drawn()
    fitted = clone(ranker).fit(table, labels)
    order = np.random.default_rng(2).permutation(len(table))
    again = clone(ranker).fit(table[order], [labels[place] for place in order])
    np.testing.assert_array_equal(again.predict(table), fitted.predict(table))
    skops.io.dump(fitted, tmp_path / "ranker.skops")
    kept = skops.io.get_untrusted_types(file=tmp_path / "ranker.skops")
    assert kept == [f"components.rankers.{type(ranker).__name__}"]
    assert pipeline_digest(skops.io.load(tmp_path / "ranker.skops", trusted=kept)) == pipeline_digest(fitted)


@pytest.mark.parametrize("ranker", EVERY, ids=lambda ranker: type(ranker).__name__)
def test_a_user_without_history_gets_what_is_liked_most_of_late(ranker):
    table, labels = drawn()
    table[:, 3] = ["400 " * len(row[2].split()) for row in table]
    popular = (
        PopularityRanker(items=4).fit(table, labels).predict(np.array([["new", 1060.0, "", "", ""]], dtype=object))
    )
    found = clone(ranker).fit(table, labels).predict(np.array([["new", 1060.0, None, None, None]], dtype=object))
    np.testing.assert_array_equal(found, popular)
    counts: dict[int, int] = {}
    for user, label in {(row[0], item) for row, each in zip(table, labels, strict=True) for item in each.split()}:
        counts[int(label)] = counts.get(int(label), 0) + (user != "")
    assert counts[int(found[0, 0])] == max(counts.values())


def test_where_few_items_are_left_the_places_after_them_are_empty():
    table = np.array([["a", 1.0, "1 2", "0 0", ""], ["b", 1.0, "2 3", "0 0", ""]], dtype=object)
    lists = PopularityRanker(items=3).fit(table, ["", ""]).predict(table)
    assert lists.tolist() == [[3, -1, -1, 0.5, 1, 1], [1, -1, -1, 0.5, 1, 1]]


@given(days=st.lists(st.integers(0, 900), min_size=4, max_size=30))
@settings(deadline=None, max_examples=60)
def test_likes_before_the_last_days_count_for_nothing_but_ties(days):
    table = np.array(
        [[f"u{place}", float(day), str(place % 3 + 1), "0", ""] for place, day in enumerate(days)], dtype=object
    )
    ranker = PopularityRanker(items=3, recent_days=100).fit(table, [""] * len(days))
    recent = [
        sum(1 for place, day in enumerate(days) if place % 3 == item and max(days) - day <= 100) for item in range(3)
    ]
    order = [
        int(item) - 1 for item in ranker.predict(np.array([["x", 0.0, "", "", ""]], dtype=object))[0, :3] if item > 0
    ]
    assert [recent[item] for item in order] == sorted((recent[item] for item in order), reverse=True)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (["a", 1.0, "1 2", "0", ""], "a row likes 2 items and has 1 ages; each item has one"),
        (["a", 1.0, "1 x", "0 0", ""], "'x' is not a whole number"),
        (["a", 1.0, "1", "0"], "a ranker takes five columns: user, day, liked items"),
    ],
)
def test_a_wrong_row_is_refused_in_one_sentence(row, words):
    with pytest.raises(ValueError, match=words):
        EaseRanker().fit(np.array([row], dtype=object), [""])
