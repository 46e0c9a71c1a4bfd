"""The monitor's statistics, compared with scipy's and with figures from the literature."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from problem_world import estimate
from scipy import optimize, stats

from sluss.problems.metrics import fallen
from sluss.statistics.distances import category_drift, holm, numeric_drift
from sluss.statistics.distributions import category_part
from sluss.statistics.proportions import exceeds, wilson
from sluss.statistics.trend import mann_kendall, smallest_p


@pytest.mark.parametrize(("successes", "rows"), [(0, 10), (1, 10), (81, 263), (15, 148), (29, 29)])
def test_wilson_intervals_are_those_of_scipy(successes, rows):
    expected = stats.binomtest(successes, rows).proportion_ci(method="wilson")
    assert wilson(successes, rows) == pytest.approx((expected.low, expected.high))


def test_a_share_of_no_rows_can_be_anything():
    assert wilson(0, 0) == (0.0, 1.0)


@given(
    n1=st.integers(5, 400),
    n0=st.integers(5, 400),
    share1=st.floats(0, 1),
    share0=st.floats(0, 1),
    margin=st.floats(0, 0.3),
)
@examples(deadline=None, max_examples=60)
def test_shares_are_compared_under_the_best_shares_that_the_hypothesis_allows(n1, n0, share1, share0, margin):
    x1, x0 = round(share1 * n1), round(share0 * n0)

    def unlikely(p0):
        return -(stats.binom.logpmf(x1, n1, min(p0 + margin, 1)) + stats.binom.logpmf(x0, n0, p0))

    best = optimize.minimize_scalar(unlikely, bounds=(0, 1 - margin), method="bounded", options={"xatol": 1e-10}).x
    variance = (best + margin) * (1 - best - margin) / n1 + best * (1 - best) / n0
    if variance > 1e-6:
        expected = stats.norm.sf((x1 / n1 - x0 / n0 - margin) / variance**0.5)
        assert exceeds((x1, n1), (x0, n0), margin) == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize(
    ("rows", "shift"), [((300, 130), 0.0), ((1837, 400), 0.1), ((900, 60), 0.3), ((2000, 500), 0.2)]
)
def test_numeric_drift_is_the_kolmogorov_smirnov_test(rows, shift):
    random = np.random.default_rng(5)
    before, now = np.sort(random.normal(size=rows[0])), np.sort(random.normal(shift, size=rows[1]))
    expected = stats.ks_2samp(before, now, method="asymp")
    distance, p_value = numeric_drift(before, now, rows)
    assert distance == pytest.approx(expected.statistic)
    assert p_value == pytest.approx(expected.pvalue, rel=0.1)


def test_category_drift_is_the_chi_square_test():
    before, now = {"a": 400, "b": 300, "c": 300}, {"a": 90, "b": 40, "c": 70}
    expected = stats.chi2_contingency([[400, 300, 300], [90, 40, 70]], correction=False)
    distance, p_value = category_drift(before, now)
    assert p_value == pytest.approx(expected.pvalue)
    assert distance == pytest.approx(0.1)


def test_a_category_never_seen_in_training_is_drift():
    distance, p_value = category_drift({"a": 500, "b": 500}, {"a": 80, "b": 80, "new": 40})
    assert distance == pytest.approx(0.2)
    assert p_value < 1e-9


def test_a_handful_of_rare_categories_is_not_drift():
    before = {"a": 990} | {f"rare {i}": 1 for i in range(10)}
    assert category_drift(before, {"a": 99, "rare 100": 1})[1] > 0.5


STATES = {f"state {number}": 80 for number in range(51)}
TAIL = category_part([f"v{value}" for value in np.random.default_rng(2).zipf(1.5, 5000)])["counts"]


@pytest.mark.parametrize(
    ("reference", "counts"),
    [
        (STATES, dict.fromkeys(STATES, 2) | {"NaN.0": 70}),
        (STATES, dict.fromkeys(STATES, 2) | {"state 7": 70}),
        (STATES, {str(number): 4 for number in range(43)}),
        (TAIL, {"NaN.0": 70, "v1": 40, "v2": 20, "v3": 10, "v4": 10}),
    ],
    ids=["a new word among many values", "a known value among many", "other codes", "a new word in a long tail"],
)
def test_a_part_of_the_rows_in_values_that_were_rare_or_new_is_drift_however_many_values_there_are(reference, counts):
    distance, p_value = category_drift(reference, counts)
    assert distance > 0.35
    assert p_value < 1e-6


@pytest.mark.parametrize("values", [51, 300, 3000], ids=["all are known", "most are known", "the rarest are pooled"])
def test_new_values_are_no_drift_where_many_are_rare(values):
    random = np.random.default_rng([values, 1])
    shares = 1 / np.arange(1, values + 1) ** (0.5 if values < 3000 else 0)
    shares /= shares.sum()

    def drawn(rows):
        return category_part(random.choice(values, rows, p=shares).astype(str).tolist())["counts"]

    found = [category_drift(drawn(4760), drawn(170)) for _ in range(60)]
    assert sum(p_value < 0.05 for _, p_value in found) <= 8
    assert not [distance for distance, p_value in found if p_value < 0.005 and distance >= 0.15]


def test_the_same_single_category_is_not_drift():
    assert category_drift({"a": 10}, {"a": 7}) == (0.0, 1.0)


def test_holm_multiplies_by_the_tests_that_are_left():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_makes_a_p_value_smaller_and_keeps_their_order(p_values):
    adjusted = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    ordered = [q for _, q in sorted(zip(p_values, adjusted, strict=True))]
    assert all(a <= b for a, b in pairwise(ordered))


@given(st.permutations(range(8)))
@examples(deadline=None, max_examples=50)
def test_short_series_are_judged_by_kendalls_exact_test(values):
    expected = stats.kendalltau(range(8), values, method="exact", alternative="less")
    assert mann_kendall(values).p_falling == pytest.approx(expected.pvalue)


@given(st.lists(st.integers(0, 6), min_size=12, max_size=40))
@examples(deadline=None, max_examples=50)
def test_long_series_with_ties_are_judged_as_kendall_does_but_for_the_continuity_correction(values):
    if len(set(values)) > 1:
        tau = stats.kendalltau(range(len(values)), values, method="asymptotic", alternative="less")
        assert mann_kendall(values).p_falling == pytest.approx(tau.pvalue, abs=0.06)


def test_mann_kendall_counts_the_orders_that_fall_as_much():
    assert mann_kendall([10, 8, 11, 6, 5]).p_falling == pytest.approx(14 / 120)  # S = -6
    assert mann_kendall([20, 14, 15, 10]).p_falling == pytest.approx(4 / 24)  # S = -4


def test_a_series_that_never_moves_does_not_fall():
    assert mann_kendall([0.7] * 20).p_falling == 1.0
    assert mann_kendall([0.7]).fall == 0.0


def test_the_fall_follows_sens_slope():
    trend = mann_kendall([0.80, 0.78, 0.40, 0.74, 0.72])
    assert trend.fall == pytest.approx(0.08, abs=0.005)  # the outlier does not count
    assert mann_kendall(list(range(7, 0, -1))).p_falling == pytest.approx(smallest_p(7))


def test_metrics_and_their_intervals_are_the_known_ones():
    from sklearn import metrics

    random = np.random.default_rng(3)
    labels = random.integers(0, 2, 500).astype("int8")
    scores = np.clip(random.normal(0.35 + 0.3 * labels, 0.25), 0, 1).round(2)  # with ties
    predicted = scores >= 0.5
    expected = {
        "accuracy": metrics.accuracy_score(labels, predicted),
        "f1": metrics.f1_score(labels, predicted),
        "roc_auc": metrics.roc_auc_score(labels, scores),
    }
    for name, value in expected.items():
        found = estimate(name, scores, labels)
        assert found.value == pytest.approx(value)
        assert found.low < value < found.high


@pytest.mark.parametrize("metric", ["f1", "roc_auc"])
def test_a_metric_that_the_labels_do_not_define_is_not_made_up(metric):
    assert estimate(metric, np.array([0.1, 0.2]), np.array([0, 0], dtype="int8")) is None


@pytest.mark.parametrize("metric", ["accuracy", "f1", "roc_auc"])
def test_intervals_hold_the_true_metric_nineteen_times_in_twenty(metric):
    random = np.random.default_rng(11)

    def draw(rows):
        labels = (random.random(rows) < 0.4).astype("int8")
        return random.normal(0.4 + 0.2 * labels, 0.2, rows), labels

    truth = estimate(metric, *draw(400_000)).value
    found = [estimate(metric, *draw(200)) for _ in range(400)]
    inside = np.mean([e.low <= truth <= e.high for e in found])
    assert 0.92 <= inside <= 0.985


@pytest.mark.parametrize("metric", ["accuracy", "f1", "roc_auc"])
def test_a_lasting_metric_is_seldom_called_fallen_and_a_real_fall_nearly_always(metric):
    random = np.random.default_rng(13)

    def draw(rows, signal):
        labels = random.integers(0, 2, rows).astype("int8")
        return random.normal(0.5 + signal * (labels - 0.5), 0.2, rows), labels

    holdout = estimate(metric, *draw(1800, 0.35))
    same = [fallen(estimate(metric, *draw(300, 0.35)), holdout, 0.05) for _ in range(300)]
    worse = [fallen(estimate(metric, *draw(300, 0.05)), holdout, 0.05) for _ in range(50)]
    assert np.mean(np.array(same) < 0.05) <= 0.05
    assert np.mean(np.array(worse) < 0.001) >= 0.9
