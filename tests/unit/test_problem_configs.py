"""The config of each problem, and the metrics of a regression."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from problem_world import estimate
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import d2_absolute_error_score, r2_score
from sklearn.pipeline import make_pipeline

from sluss.config.use_case import UseCase
from sluss.errors import ConfigError
from sluss.notebook import use_case_with
from sluss.problems import problem_of
from sluss.problems.metrics import fallen
from sluss.statistics.betting_test import chance_if_worse
from sluss.training.pipeline import build_pipeline
from sluss.training.search import search
from sluss.use_cases import load_use_case

EXPLAINED = {"r2": r2_score, "d2_absolute_error_score": d2_absolute_error_score}


def drawn(random, rows, noise):
    labels = random.gamma(2.0, 3.0, rows)  # skewed, as demand is
    return labels + random.normal(0, noise, rows), labels


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda content: content.update(classes=["a", "b"]),
            "target that it is a regression; give one of them",
        ),
        (lambda content: content.pop("target"), "the key 'classes or target' is missing. Add it"),
        (lambda content: content["target"].pop("unit"), "the key 'target.unit' is missing"),
        (lambda content: content["target"].update(minimum=5), "minimum must be less than maximum"),
        (
            lambda content: content["training"].update(metric="accuracy"),
            "'training.metric' cannot be used: Input should",
        ),
        (lambda content: content["monitoring"].update(low_confidence=0.6), "'monitoring.low_confidence' is unknown"),
        (lambda content: content["gates"].update(slice_min_accuracy=0.5), "'gates.slice_min_accuracy' is unknown"),
        (lambda content: content["gates"].pop("error_cap"), "the key 'gates.error_cap' is missing"),
        (lambda content: content["gates"].update(error_cap=0), "'gates.error_cap' cannot be used: Input should be gr"),
    ],
)
def test_a_wrong_config_of_a_regression_is_one_sentence(intensity_config, tmp_path, change, reason):
    content = yaml.safe_load(intensity_config)
    change(content)
    (tmp_path / "intensity.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError) as refused:
        load_use_case("intensity", tmp_path)
    assert reason in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_ratings_themselves_are_not_classes(sentiment):
    content = sentiment.model_dump(by_alias=True)
    content["source"]["label"] = "mean"
    with pytest.raises(ValueError, match="mean gives numbers, which are no classes"):
        UseCase.model_validate(content)


@pytest.mark.parametrize("name", ["sentiment", "intensity"])
def test_a_config_that_a_version_recorded_is_read_unchanged(request, name):
    use_case = request.getfixturevalue(name)
    recorded = use_case.model_dump_json(by_alias=True)
    assert UseCase.model_validate_json(recorded) == use_case
    assert type(UseCase.model_validate_json(recorded)) is type(use_case)


def test_the_cached_replay_of_a_classification_keeps_its_name(sentiment, intensity):
    assert "label" not in sentiment.source.model_dump()
    assert intensity.source.model_dump()["label"] == "mean"


@pytest.mark.parametrize("metric", EXPLAINED)
def test_the_monitor_computes_a_metric_as_scikit_learn_does(metric):
    scores, labels = drawn(np.random.default_rng(1), 500, 2.0)
    found = estimate(metric, scores, labels)
    assert found.value == pytest.approx(EXPLAINED[metric](labels, scores))
    assert found.low < found.value < found.high


@pytest.mark.parametrize("metric", EXPLAINED)
@pytest.mark.parametrize("labels", [[], [1.0], [2.0, 2.0, 2.0]])
def test_labels_that_do_not_differ_define_no_metric(metric, labels):
    assert estimate(metric, np.ones(len(labels)), np.array(labels)) is None


@pytest.mark.parametrize("score", [np.nan, np.inf])
def test_a_prediction_that_is_not_a_number_has_no_metric_and_is_refused_in_production(intensity, score):
    scores, labels = np.array([1.0, score, 3.0]), np.array([1.0, 2.0, 3.0])
    assert estimate("r2", scores, labels) is None
    assert problem_of(intensity).scoring.wrong(scores) == "no finite numbers"
    assert problem_of(intensity).scoring.wrong(labels) is None


@pytest.mark.parametrize("metric", EXPLAINED)
def test_intervals_hold_the_true_metric_nearly_nineteen_times_in_twenty(metric):
    random = np.random.default_rng(11)
    truth = estimate(metric, *drawn(random, 400_000, 2.5)).value
    found = [estimate(metric, *drawn(random, 300, 2.5)) for _ in range(400)]
    assert 0.9 <= np.mean([e.low <= truth <= e.high for e in found]) <= 0.985  # the long tail costs R² two in a hundred


@pytest.mark.parametrize("metric", EXPLAINED)
def test_a_lasting_metric_is_seldom_called_fallen_and_a_real_fall_nearly_always(metric):
    random = np.random.default_rng(13)
    holdout = estimate(metric, *drawn(random, 1_800, 2.0))
    same = [fallen(estimate(metric, *drawn(random, 300, 2.0)), holdout, 0.05) for _ in range(300)]
    worse = [fallen(estimate(metric, *drawn(random, 300, 4.5)), holdout, 0.05) for _ in range(50)]
    assert np.mean(np.array(same) < 0.05) <= 0.05
    assert np.mean(np.array(worse) < 0.001) >= 0.9


def judged(use_case, labels, scores):
    return problem_of(use_case).judging.judged(labels, scores)


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=20))
def test_closeness_is_between_no_error_and_the_cap(intensity, pairs):
    labels, scores = np.array(pairs).T
    close, errors = problem_of(intensity).judging.close(judged(intensity, labels, scores)), np.abs(labels - scores)
    assert ((close >= 0) & (close <= 1)).all()
    assert (close[errors >= intensity.gates.error_cap] == 0).all()
    assert (close[errors == 0] == 1).all()


def test_a_regressor_that_is_worse_by_the_margin_is_hardly_ever_taken_for_as_good(intensity):
    random, judging, margin = np.random.default_rng(17), problem_of(intensity).judging, 0.02

    def chance() -> float:
        errors = np.abs(random.normal(0, 1.0, (2, 400)))
        champion, challenger = (judging.close(judging.judged(np.zeros(400), each)) for each in errors)
        return chance_if_worse(challenger - margin - champion, margin)

    assert np.mean([chance() <= 0.05 for _ in range(400)]) <= 0.05


def test_a_regression_is_searched_by_its_own_metric_and_folds(intensity):
    random = np.random.default_rng(19)
    label = random.normal(0, 1, 120)
    rows = pd.DataFrame({"text": ["good " * int(3 + 2 * value) + "so" for value in label.clip(-1, 3)], "label": label})
    wanted = {"class": "sklearn.model_selection.GridSearchCV", "space": {"estimator.alpha": [0.1, 1e6]}}
    content = intensity.model_dump(by_alias=True)
    content["training"] |= {"search": wanted, "folds": 3}
    searching = UseCase.model_validate(content)
    pipeline = build_pipeline(searching.training)
    [chosen] = [each for each in search(pipeline, searching, searching.training.search, rows) if each.chosen]
    assert chosen.params == {"estimator.alpha": 0.1}
    assert 0 < chosen.score <= 1


def test_a_notebook_hands_over_a_regressor_for_a_regression_only(intensity):
    text = ColumnTransformer([("text", TfidfVectorizer(), "text")])
    told = use_case_with(make_pipeline(text, Ridge(alpha=2.0)), intensity)
    assert told.training.estimator.name == "sklearn.linear_model.Ridge"
    with pytest.raises(ConfigError, match="classifier or regressor"):
        use_case_with(make_pipeline(text, LogisticRegression()), intensity)
