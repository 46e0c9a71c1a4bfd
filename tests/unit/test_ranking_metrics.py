"""Ranking: its metrics, its baseline, the lists that it refuses, and its config."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from ranking_world import content, use_case_of
from sklearn.metrics import ndcg_score

from sluss.config.use_case import UseCase
from sluss.errors import ConfigError
from sluss.problems import problem_of
from sluss.problems.ranking_metrics import common_items
from sluss.problems.ranking_reporting import sameness
from sluss.statistics.figures import Summary
from sluss.statistics.known_values import agreement
from sluss.training.pipeline import build_pipeline

ITEMS = 40


def drawn(random, rows, signal=1.0):
    """Labels, and lists of a model that knows something of them: shape (rows, 10)."""
    labels, lists = [], []
    for _ in range(rows):
        liked = random.permutation(ITEMS)[: random.integers(1, 9)] + 1
        worth = random.normal(size=ITEMS + 1) + 1.5 * signal * np.isin(np.arange(ITEMS + 1), liked)
        worth[0] = -np.inf
        lists.append(np.argsort(-worth)[:5])
        labels.append(" ".join(map(str, liked)))
    ids = np.array(lists, dtype=float)
    return np.array(labels, dtype=object), np.hstack([ids, 1 / (ids + 1)])


def judging(metric="ndcg"):
    return problem_of(use_case_of(metric)).judging


def test_ndcg_is_that_of_scikit_learn_where_lists_are_complete():
    labels, scores = drawn(np.random.default_rng(1), 50)
    expected = []
    for label, row in zip(labels, scores[:, :5].astype(int), strict=True):
        truth, guess = np.zeros(ITEMS), np.zeros(ITEMS)
        truth[[int(item) - 1 for item in label.split()]] = 1
        guess[row - 1] = np.arange(5, 0, -1)
        expected.append(ndcg_score([truth], [guess], k=5))
    assert judging().value(labels, scores) == pytest.approx(np.mean(expected))
    np.testing.assert_allclose(judging().close(judging().judged(labels, scores)), expected)


def test_recall_coverage_and_novelty_of_two_lists():
    labels = np.array(["1 2 3 4", "9"], dtype=object)
    scores = np.array([[1, 2, 5, 6, 7, 0.5, 0.5, 0.25, 0.25, 1], [1, 2, 5, 6, -1, 0.5, 0.5, 0.25, 0.25, 1]])
    found = judging("recall").metrics(labels, scores)
    assert found["recall"] == pytest.approx((2 / 4 + 0) / 2)
    assert found["coverage"] == pytest.approx(2 / 5)
    assert found["novelty"] == pytest.approx((1 + 1 + 2 + 2 + 0) / 5)


@pytest.mark.parametrize("metric", ["ndcg", "recall"])
def test_intervals_hold_the_true_metric_nearly_nineteen_times_in_twenty(metric):
    random, judge = np.random.default_rng(5), judging(metric)
    truth = judge.value(*drawn(random, 20_000))
    found = [judge.estimate(*drawn(random, 150)) for _ in range(100)]
    assert 0.85 <= np.mean([each.low <= truth <= each.high for each in found]) <= 0.99


def test_a_row_without_a_liked_item_says_nothing_of_a_list():
    labels, scores = drawn(np.random.default_rng(1), 30)
    more = np.append(labels, ["", None]), np.vstack([scores, scores[:2]])
    assert judging().value(*more) == pytest.approx(judging().value(labels, scores))
    groups = np.arange(32) // 2
    assert len(judging().closeness_by_unit(*more, groups)) == 15
    assert judging().value(np.array([""], dtype=object), scores[:1]) is None


def test_a_user_counts_once_by_the_mean_of_the_rows():
    labels, scores = drawn(np.random.default_rng(1), 30)
    close = judging().closeness_by_unit(labels, scores, np.arange(30) // 3)
    by_row = judging().close(judging().judged(labels, scores))
    np.testing.assert_allclose(close, by_row.reshape(10, 3).mean(axis=1))


def history(users, days, liked, known, labels):
    times = pd.to_datetime(days, unit="D", utc=True)
    ages = [" ".join("0" * len(each.split())) for each in liked]
    return pd.DataFrame(
        {"user_id": users, "event_time": times, "liked": liked, "ages": ages, "known": known, "label": labels}
    )


def test_the_baseline_is_the_recent_popularity_without_what_a_row_knows():
    train = history(
        ["a", "b", "c", "d"], [0, 1000, 1000, 1001], ["1 2", "3", "3 4", "5"], [""] * 4, ["1", "4", "", "3"]
    )
    holdout = history(["x", "y"], [1002, 1002], ["3", ""], ["4", ""], ["5", "3"])
    judge = judging()
    lists = judge.baseline_scores(train, holdout)
    assert lists[:, :5].tolist() == [[5, 1, 2, -1, -1], [3, 4, 5, 1, 2]]
    assert lists[1, 5:].tolist() == [0.75, 0.5, 0.25, 0.25, 0.25]
    assert judge.baseline(train, holdout)["baseline_ndcg"] == judge.value(holdout["label"].to_numpy(), lists) == 1.0


def test_chance_explains_less_of_a_gain_the_more_users_there_are():
    random, judge = np.random.default_rng(3), judging()
    found = []
    for users in (20, 320):
        labels, scores = drawn(random, users)
        rows = history([f"u{each}" for each in range(users)], [10] * users, [""] * users, [""] * users, labels)
        found.append(judge.chance_of_gain(rows, rows, scores))
    assert found[1] == pytest.approx(found[0] / 4, rel=0.5)


@pytest.mark.parametrize(
    ("lists", "why"),
    [
        ([[1, 2, 3, 4, 5]], None),
        ([[1, 2, 3, -1, -1]], None),
        ([[1, 2, 3, 4, 4]], "not lists of different items"),
        ([[1, 2, 3, 4, 4.5]], "not lists of different items"),
        ([[1, 2, 3, 4, -2]], "not lists of different items"),
        ([[1, 2, 3, 4, np.nan]], "not finite numbers"),
        ([[1, 2, 3, 4]], "not lists of 5 items"),
    ],
)
def test_what_is_not_a_list_is_refused(lists, why):
    ids = np.array(lists, dtype=float)
    scoring = problem_of(use_case_of()).scoring
    assert scoring.wrong(np.hstack([ids, np.full(ids.shape, 0.5)])) == why
    assert scoring.wrong(np.hstack([ids, np.full(ids.shape, 2.0)])) == (why or "not shares of users")


def test_lists_come_back_from_the_columns_that_they_are_stored_in():
    scoring = problem_of(use_case_of()).scoring
    _, scores = drawn(np.random.default_rng(1), 7)
    frame = pd.DataFrame(scoring.frame(scores))
    stored = pd.DataFrame({name: column.to_pylist() for name, column in scoring.columns(scores).items()})
    for each in (frame, stored):
        np.testing.assert_array_equal(scoring.read(each[scoring.stored]), scores)
    assert scoring.read(frame.head(0)).shape == scoring.none().shape == (0, 10)
    assert scoring.receipt(stored.to_dict("records")[0])["items"].count(",") == 4


def test_sameness_is_the_mean_share_of_two_lists_and_its_error_holds():
    ids = np.array([[1, 2, 3, 4], [1, 2, 5, 6], [7, 8, 9, 10]], dtype=float)
    value, _ = sameness(np.hstack([ids, ids]))
    assert value == pytest.approx((2 / 4 + 0 + 0) / 3)
    random, found = np.random.default_rng(2), []
    for _ in range(200):
        lists = np.array([random.permutation(12)[:4] for _ in range(40)], dtype=float)
        found.append(sameness(np.hstack([lists, lists])))
    values, errors = np.array(found).T
    assert np.mean(values) == pytest.approx(4 / 12, abs=0.01)
    assert np.std(values) <= 1.3 * np.mean(errors)


def condition(lists, users):
    use_case = use_case_of()
    reporting = problem_of(use_case).reporting
    usual = reporting.profile(drawn(np.random.default_rng(1), 200, signal=2.0)[1])
    figures = reporting.figures(lists) | {"groups": float(users)}
    summary = Summary("2026-01-01", "1", "r", len(lists), figures, (), (), None, ())
    return reporting.conditions(summary, usual, None)[0], reporting.mute(usual)


def test_the_same_list_for_all_is_an_alert_and_lists_of_tastes_are_not():
    _, usual = drawn(np.random.default_rng(9), 60, signal=2.0)
    found, mute = condition(usual, 60)
    assert (found.type, found.verdict, mute) == ("same_lists", "clear", "")
    found, _ = condition(np.repeat(usual[:1], 60, axis=0), 60)
    assert (found.verdict, found.severity) == ("breached", "critical")
    assert "The lists of two rows have 100% of their items in common, on 60 rows" in found.message
    found, _ = condition(np.repeat(usual[:1], 6, axis=0), 3)
    assert found.verdict == "undecided"


def test_a_model_that_recommends_the_same_to_everyone_could_not_be_watched():
    reporting = problem_of(use_case_of()).reporting
    same = reporting.profile(np.repeat(drawn(np.random.default_rng(1), 1)[1], 50, axis=0))
    assert "it recommends the same to everyone" in reporting.mute(same)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"ranking": {"liked": "day"}}, "ranking.liked is day, which is not a text among the features"),
        ({"ranking": {"known": "seen"}}, "ranking.known is seen, which is not a text among the features"),
        ({"group": None}, "a ranking needs group, the column of the user"),
        ({"ranking": {"items": 0}}, "ranking.items"),
        ({"training": {"metric": "accuracy"}}, "training.metric"),
        ({"source": {"moments": [5, 5]}}, "moments must be different numbers of likes"),
        ({"classes": ["a", "b"]}, "classes means a classification, ranking means a ranking; give one of them"),
    ],
)
def test_a_config_that_cannot_be_is_refused_with_a_reason(sections, words):
    with pytest.raises(ValidationError) as error:
        UseCase.model_validate(content(**sections))
    assert words in " ".join(f"{'.'.join(map(str, each['loc']))} {each['msg']}" for each in error.value.errors())


def test_an_estimator_without_lists_is_refused_and_lists_are_as_long_as_the_config_wants():
    use_case = use_case_of(training={"estimator": {"class": "sklearn.linear_model.Ridge"}})
    with pytest.raises(ConfigError, match="Ridge cannot be used: this use case needs a ranker"):
        problem_of(use_case).scoring.check(build_pipeline(use_case))
    pipeline = build_pipeline(use_case_of())
    problem_of(use_case_of()).scoring.assemble(pipeline)
    assert pipeline.named_steps["estimator"].items == 5


@pytest.mark.parametrize(
    ("labels", "fault"),
    [(["1", "2"], None), (["", ""], "no label has an item"), (["1 2", "2 1"], "all labels have the same items")],
)
def test_labels_that_cannot_be_learned_are_named(labels, fault):
    assert judging().unlearnable(np.array(labels, dtype=object)) == fault


def test_labels_that_point_the_other_way_contradict_the_lists():
    labels, scores = drawn(np.random.default_rng(4), 300)
    assert agreement(*common_items(scores, labels)) > 5
    turned = np.array(
        [" ".join(str(item) for item in range(1, ITEMS + 1) if item not in set(row[:5])) for row in scores],
        dtype=object,
    )
    assert agreement(*common_items(scores, turned)) < -5
    shuffled = labels[np.random.default_rng(5).permutation(300)]
    assert abs(agreement(*common_items(scores, shuffled))) < 4
