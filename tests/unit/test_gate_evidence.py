"""The test of challenger against champion: wrong promotions are as rare as alpha, right ones common."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluss.statistics.betting_test import allowance, chance_if_worse

MARGIN, ALPHA = 0.02, 0.05


def differences(random, rows: int, mean: float, disagreement: float = 0.3) -> np.ndarray:
    """Rows on which two models disagree that often, the challenger being better by `mean`."""
    better, worse = (disagreement + mean) / 2, (disagreement - mean) / 2
    return random.choice([1.0, 0.0, -1.0], size=rows, p=[better, 1 - disagreement, worse])


def test_challengers_worse_by_the_margin_are_hardly_ever_promoted_although_everyone_peeks():
    random, stories, tries = np.random.default_rng(20260101), 400, 8
    wrong = careless = 0
    for _ in range(stories):
        # The chance is the least over all rows so far, so each try stops at its luckiest row.
        chances = [chance_if_worse(differences(random, 400, -MARGIN), MARGIN) for _ in range(tries)]
        wrong += any(chance <= allowance(ALPHA, number, 1, 1) for number, chance in enumerate(chances, start=2))
        careless += min(chances) <= ALPHA
    assert wrong / stories <= ALPHA
    assert careless / stories > 2 * ALPHA  # what giving every try the whole of alpha would lead to


def test_one_comparison_alone_keeps_to_its_chance():
    random = np.random.default_rng(20260102)
    chances = np.array([chance_if_worse(differences(random, 400, -MARGIN), MARGIN) for _ in range(2_000)])
    for level in (0.5, 0.2, 0.05, 0.01):
        assert (chances <= level).mean() <= level
    assert (chances <= 0.2).mean() > 0.02  # the test is not so careful as to be useless


def test_a_challenger_that_is_better_by_fifteen_points_is_promoted_nearly_always():
    random = np.random.default_rng(20260103)
    allowed = allowance(ALPHA, 2, 1, 1)
    chances = [chance_if_worse(differences(random, 400, 0.15), MARGIN) for _ in range(300)]
    assert np.mean([chance <= allowed for chance in chances]) > 0.95


def test_a_challenger_with_the_same_predictions_is_not_worse():
    assert chance_if_worse(np.zeros(1_000), MARGIN) < allowance(ALPHA, 20, 1, 1)


def test_no_rows_give_no_evidence():
    assert chance_if_worse(np.array([]), MARGIN) == 1


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=60), st.floats(0, 0.5))
def test_more_rows_never_take_evidence_away(rows, margin):
    longer = chance_if_worse(np.array(rows), margin)
    assert 0 < longer <= chance_if_worse(np.array(rows[:-1]), margin) <= 1


@settings(max_examples=5, deadline=None)
@given(st.floats(0.001, 0.49))
def test_the_parts_of_all_comparisons_add_up_to_alpha(alpha):
    parts = [
        allowance(alpha, recipe, attempt, champions)
        for recipe in range(1, 300)
        for attempt in range(1, 300)
        for champions in range(1, 4)
    ]
    assert sum(parts) <= alpha
    assert sum(parts) == pytest.approx(alpha, rel=0.01)
