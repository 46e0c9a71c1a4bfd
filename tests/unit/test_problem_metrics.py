"""Metrics of every kind of problem: those of scikit-learn, with intervals that hold, by which everything is judged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from problem_world import BINARY, MULTICLASS, OF_QUANTILES, QUANTILES, REGRESSION, costs_of, problem_by, use_case_of
from sklearn import metrics as sk

from sluss.problems import blocks, problem_of
from sluss.problems.metrics import METRICS, fallen, worse_by
from sluss.statistics.betting_test import chance_if_worse

EVERY = [
    *(("binary", metric) for metric in BINARY),
    *(("multiclass", metric) for metric in MULTICLASS),
    *(("regression", metric) for metric in REGRESSION),
    *(("quantiles", metric) for metric in OF_QUANTILES),
]
# The interval of average precision is a bootstrap: to simulate it takes minutes.
SIMULATED = [pytest.param(*each, marks=pytest.mark.weekly if each[1] == "average_precision" else ()) for each in EVERY]
seeds = st.integers(0, 2**32 - 1)


def drawn(kind, random, rows, signal=1.0):
    """Labels and scores of a model that knows something."""
    if kind == "binary":
        labels = (random.random(rows) < 0.3).astype("int8")
        return labels, 1 / (1 + np.exp(-random.normal(signal * (2 * labels - 1), 1.2)))
    if kind == "multiclass":
        labels = random.choice(3, rows, p=[0.6, 0.3, 0.1]).astype("int16")
        raw = np.exp(random.normal(0, 0.8, (rows, 3)) + 1.5 * signal * np.eye(3)[labels])
        return labels, raw / raw.sum(axis=1, keepdims=True)
    labels = random.gamma(2.0, 3.0, rows) + 1
    guesses = labels + random.normal(0, 2.5 / signal, rows)
    if kind == "regression":
        return labels, guesses
    return labels, np.sort(guesses[:, None] + np.array([-3.0, 0.0, 3.0]) / signal, axis=1)


def by_scikit_learn(kind, metric, labels, scores):
    if metric == "cost" and kind == "regression":
        return np.mean(np.where(labels > scores, 3 * (labels - scores), scores - labels))
    if metric == "interval_score":
        low, high = scores[:, 0], scores[:, -1]
        outside = np.maximum(low - labels, 0) / 0.1 + np.maximum(labels - high, 0) / (1 - 0.9)
        return np.mean(high - low + outside)
    if metric == "pinball":
        return np.mean([sk.mean_pinball_loss(labels, scores[:, i], alpha=q) for i, q in enumerate(QUANTILES)])
    table = np.column_stack([1 - scores, scores]) if kind == "binary" else scores
    if metric == "cost":
        costs = np.array(costs_of(table.shape[1]))
        confusion = sk.confusion_matrix(labels, np.argmin(table @ costs, axis=1), labels=range(len(costs)))
        return (confusion * costs).sum() / len(labels)
    predicted = scores if kind == "regression" else np.argmax(table, axis=1)
    return {
        "accuracy": lambda: sk.accuracy_score(labels, predicted),
        "balanced_accuracy": lambda: sk.balanced_accuracy_score(labels, predicted),
        "f1": lambda: sk.f1_score(labels, predicted),
        "f1_macro": lambda: sk.f1_score(labels, predicted, average="macro"),
        "roc_auc": lambda: sk.roc_auc_score(labels, scores, multi_class="ovr"),
        "average_precision": lambda: sk.average_precision_score(labels, scores),
        "log_loss": lambda: sk.log_loss(labels, scores, labels=range(table.shape[1])),
        "brier": lambda: sk.brier_score_loss(labels, scores),
        "r2": lambda: sk.r2_score(labels, predicted),
        "d2_absolute_error_score": lambda: sk.d2_absolute_error_score(labels, predicted),
        "mae": lambda: sk.mean_absolute_error(labels, predicted),
        "rmse": lambda: sk.root_mean_squared_error(labels, predicted),
        "mape": lambda: sk.mean_absolute_percentage_error(labels, predicted),
    }[metric]()


@pytest.mark.parametrize(("kind", "metric"), EVERY)
def test_a_metric_is_that_of_scikit_learn_and_within_its_interval(kind, metric):
    judging = problem_by(kind, metric).judging
    for seed in range(3):
        labels, scores = drawn(kind, np.random.default_rng(seed), 400)
        expected = by_scikit_learn(kind, metric, labels, scores)
        found = judging.estimate(labels, scores)
        assert found.value == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert judging.value(labels, scores) == judging.metrics(labels, scores)[metric] == pytest.approx(found.value)
        assert found.low < expected < found.high


@pytest.mark.parametrize(("kind", "metric"), SIMULATED)
def test_intervals_hold_the_true_metric_nearly_nineteen_times_in_twenty(kind, metric):
    random, judging = np.random.default_rng(5), problem_by(kind, metric).judging
    truth = judging.value(*drawn(kind, random, 100_000))
    draws = 30 if metric == "average_precision" else 150
    found = [judging.estimate(*drawn(kind, random, 300)) for _ in range(draws)]
    assert 0.85 <= np.mean([each.low <= truth <= each.high for each in found]) <= 0.99


@pytest.mark.parametrize(("kind", "metric"), EVERY)
def test_rows_repeated_in_groups_do_not_add_evidence(kind, metric):
    judging = problem_by(kind, metric).judging
    labels, scores = drawn(kind, np.random.default_rng(7), 300)
    once = judging.estimate(labels, scores, np.arange(300))
    five = judging.estimate(np.repeat(labels, 5), np.repeat(scores, 5, axis=0), np.repeat(np.arange(300), 5))
    assert five.value == pytest.approx(once.value)
    assert five.high - five.low == pytest.approx(once.high - once.low, rel=0.02)
    assert (five.rows, five.trials) == (1500, 300)
    apart = judging.estimate(np.repeat(labels, 5), np.repeat(scores, 5, axis=0))
    assert apart.high - apart.low < 0.6 * (five.high - five.low)


@pytest.mark.parametrize(("kind", "metric"), SIMULATED)
def test_a_lasting_metric_is_seldom_called_fallen_and_a_real_fall_nearly_always(kind, metric):
    random, judging = np.random.default_rng(13), problem_by(kind, metric).judging
    draws = 5 if metric == "average_precision" else 50
    holdout = judging.estimate(*drawn(kind, random, 2_000))
    same = [fallen(judging.estimate(*drawn(kind, random, 300)), holdout, 0.05) for _ in range(draws)]
    worse = [fallen(judging.estimate(*drawn(kind, random, 600, 0.1)), holdout, 0.05) for _ in range(5)]
    assert np.mean(np.array(same) < 0.01) <= 0.02
    assert np.mean(np.array(worse) < 0.01) >= 0.9


@pytest.mark.parametrize(("kind", "metric"), EVERY)
def test_no_constant_guess_that_was_learned_beats_the_baseline(kind, metric):
    judging = problem_by(kind, metric).judging
    labels, _ = drawn(kind, np.random.default_rng(17), 600)
    rows = pd.DataFrame({"label": labels})
    found = judging.baseline(rows, rows)[f"baseline_{metric}"]
    shape = {"binary": (), "multiclass": (3,), "regression": (), "quantiles": (3,)}[kind]
    random = np.random.default_rng(19)
    for _ in range(60):
        guess = (
            random.random(shape)
            if kind in ("binary", "multiclass")
            else np.sort(random.uniform(0, 25, shape), axis=None)
        )
        guess = guess / guess.sum() if kind == "multiclass" else guess.reshape(shape)
        other = judging.value(labels, np.repeat(guess[None], len(labels), axis=0))
        assert worse_by(other, found, metric) >= -1e-9
    assert judging.gain(found, found) == pytest.approx(0.0)


@pytest.mark.parametrize(("kind", "metric"), EVERY)
@given(seed=seeds, rows=st.integers(2, 60))
@examples(deadline=None, max_examples=15)
def test_closeness_is_between_0_and_1_and_the_same_rows_give_as_many_figures(kind, metric, seed, rows):
    judging, random = problem_by(kind, metric).judging, np.random.default_rng(seed)
    labels, scores = drawn(kind, random, rows)
    _, others = drawn(kind, random, rows, 0.3)
    close, other = (judging.close(judging.judged(labels, each)) for each in (scores, others))
    assert close.shape == other.shape
    assert len(close) == rows or judging.blocked
    for each in (close, other):
        assert ((each >= 0) & (each <= 1 + 1e-12)).all()


@pytest.mark.parametrize(("kind", "metric"), [each for each in EVERY if each[1] != "interval_score"])
def test_a_model_with_a_better_metric_is_closer(kind, metric):
    judging, random = problem_by(kind, metric).judging, np.random.default_rng(23)
    labels, scores = drawn(kind, random, 4_000)
    noise = random.permutation(len(labels))
    worse = np.where(random.random(len(labels)) < 0.3, noise, np.arange(len(labels)))  # scores of other rows
    assert worse_by(judging.value(labels, scores[worse]), judging.value(labels, scores), metric) > 0
    better, other = (judging.close(judging.judged(labels, each)).mean() for each in (scores, scores[worse]))
    assert better > other


@pytest.mark.parametrize(("kind", "metric"), EVERY)
def test_a_model_that_is_worse_by_the_margin_hardly_ever_passes(kind, metric):
    random, judging, margin = np.random.default_rng(29), problem_by(kind, metric).judging, 0.02

    def chance():
        close = judging.close(judging.judged(*drawn(kind, random, 300)))
        return chance_if_worse(np.maximum(random.permutation(close) - margin - close, -1), margin)

    assert np.mean([chance() <= 0.05 for _ in range(60)]) <= 0.05


@given(seed=seeds)
@examples(deadline=None, max_examples=25)
def test_blocks_have_each_row_once_and_each_class_and_their_mean_is_the_metric(seed):
    labels, _ = drawn("multiclass", np.random.default_rng(seed), 90)
    found = blocks.blocks(labels)
    rows = np.concatenate([part for block in found for part in block])
    assert len(rows) == len(set(rows.tolist()))
    assert all(len({int(labels[part[0]]) for part in block}) == len(block) >= 2 for block in found)
    assert all((labels[part] == labels[part[0]]).all() for block in found for part in block)


def test_a_class_of_one_row_in_120_is_in_every_block():
    random = np.random.default_rng(41)
    labels = np.repeat([0, 1], [5_950, 50]).astype("int8")
    random.shuffle(labels)
    judging = problem_by("binary", "average_precision").judging
    scores = np.clip(labels * 0.3 + random.random(6_000) * 0.7, 0, 1)
    close = judging.close(judging.judged(labels, scores))
    assert len(close) == 50
    assert close.mean() == pytest.approx(sk.roc_auc_score(labels, scores), abs=0.02)
    # Of three classes, the two most frequent ones stay, and a third one if it is not much rarer.
    assert [len(block) for block in blocks.blocks(np.repeat([0, 1, 2], [980, 12, 8]))] == [2] * 12
    assert [len(block) for block in blocks.blocks(np.repeat([0, 1, 2], [900, 60, 40]))] == [3] * 40


def test_the_mean_of_many_blocks_is_the_metric():
    labels, scores = drawn("binary", np.random.default_rng(31), 60_000)
    judging = problem_by("binary", "roc_auc").judging
    close = judging.close(judging.judged(labels, scores))
    assert close.mean() == pytest.approx(sk.roc_auc_score(labels, scores), abs=0.005)
    judging = problem_by("binary", "balanced_accuracy").judging
    close = judging.close(judging.judged(labels, scores))
    assert close.mean() == pytest.approx(sk.balanced_accuracy_score(labels, scores >= 0.5), abs=0.005)


@pytest.mark.parametrize(("kind", "metric"), EVERY)
def test_rows_without_a_difference_define_no_metric_or_one(kind, metric):
    judging = problem_by(kind, metric).judging
    labels = np.zeros(20, dtype="int16") if kind in ("binary", "multiclass") else np.full(20, 3.0)
    _, scores = drawn(kind, np.random.default_rng(1), 20)
    found = judging.estimate(labels, scores)
    assert found is None or found.low <= found.value <= found.high
    assert judging.estimate(labels[:0], scores[:0]) is None
    assert judging.unlearnable(labels) is not None
    assert METRICS[metric].name == metric


@pytest.mark.parametrize("metric", ["accuracy", "f1_macro", "roc_auc", "brier"])
def test_a_thousand_classes_are_judged_in_a_moment(metric):
    random = np.random.default_rng(37)
    judging = problem_of(use_case_of("multiclass", metric, classes=[f"class {n}" for n in range(1000)])).judging
    labels = random.integers(0, 1000, 2_000).astype("int16")
    table = random.random((2_000, 1000)) + 2 * np.eye(1000)[labels]
    table /= table.sum(axis=1, keepdims=True)
    found = judging.estimate(labels, table)
    assert found.low <= found.value <= found.high
    assert judging.close(judging.judged(labels, table)).mean() > 0.5
