"""A first champion is shown to be better than guessing, whatever the metric, and luck is not taken for skill."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from problem_world import problem_by, use_case_of
from test_problem_metrics import EVERY, drawn

from sluss.gates.checks.quality import _luck
from sluss.gates.luck import chance_of_gains, gains

ALPHA = 0.05


def chance(judging, known, labels, scores) -> float:
    guess = judging.guess_scores(pd.DataFrame({"label": known}), pd.DataFrame({"label": labels}))
    return chance_of_gains(gains(judging, labels, scores, guess))


@pytest.mark.parametrize(("kind", "metric"), EVERY)
def test_scores_that_know_nothing_are_rarely_called_better_than_guessing_and_sound_ones_are_nearly_always(kind, metric):
    judging, random = problem_by(kind, metric).judging, np.random.default_rng(23)
    lucky, sound = [], []
    for _ in range(20):
        (known, _), (labels, scores) = drawn(kind, random, 400), drawn(kind, random, 300, 1.5)
        sound.append(chance(judging, known, labels, scores) <= ALPHA)
        lucky.append(chance(judging, known, random.permutation(labels), scores) <= ALPHA)
    assert np.mean(lucky) <= 0.2
    assert np.mean(sound) >= 0.9


def test_the_class_that_was_more_frequent_before_is_not_all_that_can_be_guessed():
    judging = problem_by("binary", "accuracy").judging
    known, labels = (pd.DataFrame({"label": [most] * 60 + [1 - most] * 40}) for most in (0, 1))
    assert judging.baseline(known, labels)["baseline_accuracy"] == 0.6
    ahead = np.full(100, 0.9)
    assert chance(judging, known["label"].to_numpy(), labels["label"].to_numpy(), ahead) == 1.0


@pytest.mark.parametrize(("found", "expected"), [([], 1.0), ([0.5], 1.0), ([0.0, 0.0], 1.0), ([0.5, 0.5], 0.0)])
def test_too_few_figures_are_no_proof(found, expected):
    assert chance_of_gains(np.array(found)) == expected


@pytest.fixture
def evidence():
    """A first candidate with 100 rows of holdout, whose scores know the truth or nothing."""

    def of(*, truth: bool, max_chance: float = ALPHA, **present: object) -> SimpleNamespace:
        random = np.random.default_rng(3)
        labels = random.permutation([0, 1] * 50)
        rows = pd.DataFrame({"id": [f"r{row}" for row in range(100)], "event_time": range(100), "label": labels})
        right = labels if truth else random.permutation(labels)
        judged = rows[["id", "label"]].assign(score=np.where(random.random(100) < 0.75, right, 1 - right) * 0.8 + 0.1)
        use_case = use_case_of("binary", "accuracy")
        use_case = use_case.model_copy(update={"gates": use_case.gates.model_copy(update={"max_chance": max_chance})})
        facts = {"champion": None, "champion_lost": "", "in_production": False} | present
        known = SimpleNamespace(train=rows, holdout=rows)
        return SimpleNamespace(
            use_case=use_case, problem=problem_by("binary", "accuracy"), rows=known, judged=judged, **facts
        )

    return of


def test_a_first_champion_that_is_not_shown_to_beat_guessing_is_refused_with_the_figures(evidence):
    found = _luck(evidence(truth=False))
    assert not found.passed
    assert found.sentence.startswith("100 rows of holdout do not show that it is better than guessing: a model that ")
    assert "and 5% are allowed. Train it on more rows" in found.sentence
    assert found.figures["chance"] > found.figures["max_chance"]
    assert _luck(evidence(truth=True)).passed
    assert _luck(evidence(truth=False, max_chance=1.0)).passed


def test_later_versions_are_compared_with_the_champion_and_not_with_guessing(evidence):
    for present in ({"champion": "1"}, {"in_production": True}):
        assert _luck(evidence(truth=False, **present)).passed
    assert not _luck(evidence(truth=False, champion="1", champion_lost="It is gone.")).passed
