"""The estimate of a metric before labels come: right under a shift of the inputs, marked where it cannot be."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from problem_world import BINARY, MULTICLASS, use_case_of
from scipy.special import expit, softmax

from sluss.config.curation import Column
from sluss.monitoring.estimate import estimation_rows, expected_metric, sampled
from sluss.problems import problem_of
from sluss.statistics.covariate_shift import measure_shift
from sluss.statistics.recalibration import recalibrated

RANDOM = np.random.default_rng(11)


@pytest.fixture(autouse=True)
def seeded(monkeypatch):
    """Each test draws the same rows, whatever ran before it."""
    monkeypatch.setattr(sys.modules[__name__], "RANDOM", np.random.default_rng(11))


def rows_of(count, shift=0.0, spread=1.0):
    """Rows of one number and one category; the label depends on the number, by a curve that a line does not fit."""
    number = RANDOM.normal(shift, spread, count)
    chance = expit(2.5 * np.sin(number) + number)
    frame = pd.DataFrame({"x": number, "colour": RANDOM.choice(["red", "blue"], count)})
    return frame, chance, (RANDOM.random(count) < chance).astype(int)


def test_rows_that_are_alike_are_not_told_apart():
    one, other = rows_of(2_000)[0], rows_of(1_000)[0]
    shift = measure_shift(one, other)
    assert shift.told_apart == pytest.approx(0.5, abs=0.05)
    assert shift.effective > 0.7
    assert shift.outside < 0.05
    assert shift.weights.mean() == pytest.approx(1)


def test_weights_make_the_reference_resemble_the_present_rows():
    reference, present = rows_of(4_000)[0], rows_of(2_000, shift=0.7)[0]
    shift = measure_shift(reference, present)
    assert np.average(reference["x"], weights=shift.weights) == pytest.approx(present["x"].mean(), abs=0.1)
    assert 0.6 < shift.told_apart < 0.85


def test_rows_far_away_are_outside():
    shift = measure_shift(rows_of(1_000)[0], rows_of(1_000, shift=6.0)[0])
    assert shift.outside > 0.95
    assert shift.told_apart > 0.99


def test_a_new_category_and_missing_values_are_outside():
    reference, present = rows_of(1_000)[0], rows_of(1_000)[0]
    present["colour"] = pd.Series(["green"] * 500 + [None] * 500, dtype="string")
    assert measure_shift(reference, present).outside > 0.9


@pytest.mark.parametrize("count", [300, 5_000])
def test_probabilities_that_are_too_sure_are_calibrated(count):
    _, chance, label = rows_of(count)
    sure = expit(3 * np.log(chance / (1 - chance)))
    table = np.column_stack([1 - sure, sure])
    found = recalibrated((table, label), np.ones(count), table)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert np.abs(found[:, 1] - chance).mean() < np.abs(sure - chance).mean() / 2


def test_a_class_that_has_no_row_leaves_the_probabilities_as_they_are():
    table = np.full((50, 3), 1 / 3)
    assert recalibrated((table, np.repeat([0, 1], 25)), np.ones(50), table) is table


def use_case_by(kind, metric):
    """A use case with one number and one category."""
    use_case = use_case_of(kind, metric)
    columns = use_case.curation.columns | {"x": Column(kind="number"), "colour": Column(kind="category")}
    curation = use_case.curation.model_copy(update={"columns": columns})
    return use_case.model_copy(update={"features": ("x", "colour"), "curation": curation})


def scored(kind, count, shift=0.0):
    """Rows, the scores of a model that is too sure, and the labels."""
    frame, chance, label = rows_of(count, shift)
    odds = np.log(chance / (1 - chance)) + RANDOM.normal(0, 0.3, count)
    frame["id"] = [f"{number:06d}" for number in range(count)]
    if kind == "binary":
        return frame, expit(1.5 * odds), label
    utilities = np.column_stack([odds, np.cos(frame["x"]), np.zeros(count)])
    label = np.array([RANDOM.choice(3, p=p) for p in softmax(utilities, axis=1)])
    return frame, softmax(1.5 * utilities, axis=1), label


@pytest.mark.parametrize(
    ("kind", "metric"), [*(("binary", each) for each in BINARY), *(("multiclass", each) for each in MULTICLASS)]
)
def test_under_a_shift_of_the_inputs_the_metric_is_estimated_without_labels(kind, metric):
    use_case = use_case_by(kind, metric)
    frame, scores, labels = scored(kind, 2_000)
    known = estimation_rows(use_case, frame, (scores, labels), {})
    frame, scores, labels = scored(kind, 2_000, shift=0.6)
    found = expected_metric(use_case, known, (frame, scores), {})
    true = problem_of(use_case).judging.value(labels, scores)
    assert found.metric == metric
    assert found.blind == ""
    assert found.value == pytest.approx(true, abs=0.04 * max(1, abs(true)))


def test_a_shift_beyond_the_holdout_is_blind():
    use_case = use_case_by("binary", "accuracy")
    frame, scores, labels = scored("binary", 1_000)
    known = estimation_rows(use_case, frame, (scores, labels), {})
    frame, scores, _ = scored("binary", 1_000, shift=6.0)
    found = expected_metric(use_case, known, (frame, scores), {})
    assert found.blind == "hardly any row of the holdout resembles these rows"
    assert found.outside > 0.9


def test_too_few_rows_give_no_estimate_and_numbers_have_none():
    use_case = use_case_by("binary", "accuracy")
    frame, scores, labels = scored("binary", 300)
    known = estimation_rows(use_case, frame, (scores, labels), {})
    assert expected_metric(use_case, known, (frame.head(99), scores[:99]), {}) is None
    assert estimation_rows(use_case_of("regression", "mae"), frame, (scores, labels), {}) is None


def test_of_many_rows_a_sample_is_enough_and_always_the_same():
    frame = pd.DataFrame({"id": [f"{number:07d}" for number in RANDOM.permutation(50_000)]})
    assert len(sampled(frame)) == 2_000
    assert list(sampled(frame)["id"]) == list(sampled(frame.sample(frac=1, random_state=1))["id"])
