"""The config of each problem, and the metrics of a regression."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from problem_world import QUANTILES, content_of, estimate, problem_by, use_case_of
from pydantic import ValidationError
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, QuantileRegressor, Ridge
from sklearn.metrics import d2_absolute_error_score, r2_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sluss.config.use_case import UseCase
from sluss.errors import ConfigError
from sluss.notebook import use_case_with
from sluss.problems import problem_of
from sluss.problems.metrics import fallen
from sluss.statistics.betting_test import chance_if_worse
from sluss.training.evaluation import cross_validate
from sluss.training.pipeline import build_pipeline
from sluss.training.search import search
from sluss.use_cases import load_use_case

SCALER = {"class": "sklearn.preprocessing.StandardScaler"}
EXPLAINED = {"r2": r2_score, "d2_absolute_error_score": d2_absolute_error_score}


def drawn(random, rows, noise):
    labels = random.gamma(2.0, 3.0, rows)  # skewed, as demand is
    return labels + random.normal(0, noise, rows), labels


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda content: content.update(classes=["a", "b"]),
            "classes means a classification, target means a regression; give one of them",
        ),
        (lambda content: content.pop("target"), "the key 'classes or target or ranking' is missing. Add it"),
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
    assert problem_of(intensity).scoring.wrong(scores) == "not finite numbers"
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
    pipeline = build_pipeline(searching)
    [chosen] = [each for each in search(pipeline, searching, searching.training.search, rows) if each.chosen]
    assert chosen.params == {"estimator.alpha": 0.1}
    assert 0 < chosen.score <= 1


def test_a_notebook_hands_over_a_regressor_for_a_regression_only(intensity):
    text = ColumnTransformer([("text", TfidfVectorizer(), "text")])
    told = use_case_with(make_pipeline(text, Ridge(alpha=2.0)), intensity)
    assert told.training.estimator.name == "sklearn.linear_model.Ridge"
    with pytest.raises(ConfigError, match="classifier or regressor"):
        use_case_with(make_pipeline(text, LogisticRegression()), intensity)


@pytest.mark.parametrize(
    ("kind", "metric", "change", "reason"),
    [
        (
            "binary",
            "brier",
            {"gates": {"min_metric": 0.5}},
            "gates.min_metric cannot limit brier, the lower the better",
        ),
        ("binary", "brier", {"gates": {"max_metric": None}}, "gates.max_metric is missing: of brier, the lower the be"),
        ("binary", "roc_auc", {"gates": {"slice_max_metric": 0.5}}, "use gates.slice_min_metric"),
        ("binary", "cost", {"decision": None}, "the metric cost needs decision.costs"),
        ("binary", "cost", {"decision": {"costs": [[0, 1, 2]] * 3}}, "decision.costs must be 2 lists of 2 numbers"),
        ("binary", "f1", {"decision": {"thresholds": {"wrong": 0.5}}}, "wrong is not one of the classes"),
        ("binary", "f1", {"decision": {"thresholds": {"positive": 1.5}}}, "must be above 0, and their sum below 1"),
        ("binary", "f1", {"decision": {"currency": "EUR"}}, "give either thresholds or costs, or alerts_per_day"),
        ("binary", "roc_auc", {"decision": {"alerts_per_day": 0}}, "decision.alerts_per_day"),
        ("binary", "roc_auc", {"decision": {"alerts_per_day": 0.1}}, "is below 1, so no alert could come"),
        ("binary", "f1", {"decision": {"alerts_per_day": 9}}, "must judge by a metric that needs none"),
        (
            "binary",
            "roc_auc",
            {"decision": {"alerts_per_day": 9}, "gates": {"slice_min_accuracy": 0.5}},
            "without slice_min_accuracy",
        ),
        (
            "binary",
            "roc_auc",
            {"decision": {"alerts_per_day": 9, "thresholds": {"positive": 0.5}}},
            "so leave thresholds out",
        ),
        ("binary", "roc_auc", {"decision": {"alerts_per_day": 9, "entity": "card"}}, "entity card is not described"),
        (
            "binary",
            "roc_auc",
            {"decision": {"thresholds": {"positive": 0.5}, "entity": "source"}},
            "entity needs alerts_per_day",
        ),
        (
            "binary",
            "roc_auc",
            {"decision": {"alerts_per_day": 9}, "training": {"holdout_share": 0.2}},
            "needs a holdout of days",
        ),
        ("multiclass", "roc_auc", {"decision": {"alerts_per_day": 9}}, "decision.alerts_per_day needs two classes"),
        ("binary", "f1", {"training": {"class_weight": {"wrong": 2}}}, "wrong is not one of the classes"),
        ("binary", "f1", {"classes": ["one", "one"]}, "two classes have the same name"),
        ("binary", "f1", {"training": {"sample_weight": "text"}}, "sample_weight text is not a number column"),
        ("binary", "f1", {"group": "customer"}, "the group customer is not described under curation"),
        ("binary", "f1", {"training": {"embargo": "soon"}}, "training.embargo"),
        (
            "binary",
            "f1",
            {"training": {"preprocessing": [{"columns": ["event_time"], "steps": [SCALER]}]}},
            "the column event_time is a time, which StandardScaler would take for a number of nanoseconds",
        ),
        ("multiclass", "accuracy", {"training": {"metric": "f1"}}, "training.metric"),
        ("multiclass", "accuracy", {"classes": [f"c{n}" for n in range(1001)]}, "at most 1000 items"),
        ("regression", "cost", {"target": {"costs": None}}, "the metric cost needs target.costs"),
        ("regression", "cost", {"target": {"costs": {"under": 0, "over": 0}}}, "under or over must be above 0"),
        ("quantiles", "pinball", {"quantiles": [0.9, 0.1]}, "quantiles must be between 0 and 1, each above the one"),
        ("quantiles", "pinball", {"quantiles": [0.5]}, "at least 2 items"),
        ("quantiles", "pinball", {"target": None}, "target"),
    ],
)
def test_a_wrong_config_of_any_problem_names_the_key(kind, metric, change, reason):
    content = content_of(kind, metric)
    for name, value in change.items():
        known = content.get(name)
        content[name] = known | value if isinstance(known, dict) and isinstance(value, dict) else value
    with pytest.raises(ValidationError) as refused:
        UseCase.model_validate(content)
    assert reason in str(refused.value)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression", "quantiles"])
def test_every_kind_is_read_again_from_what_a_version_recorded(kind):
    metric = {"regression": "cost", "quantiles": "pinball"}.get(kind, "cost")
    use_case = use_case_of(kind, metric)
    again = UseCase.model_validate_json(use_case.model_dump_json(by_alias=True))
    assert (type(again), again) == (type(use_case), use_case)


@pytest.mark.parametrize(
    ("classes", "labels", "numbers"),
    [
        (["no", "yes"], ["0", "yes", "1", "no"], [0, 1, 1, 0]),
        (["1", "2", "3"], ["1", "3", "2"], [0, 2, 1]),  # names that look like numbers are names
        (["sonne", "größe cm", "a, b"], ["größe cm", "2"], [1, 2]),
    ],
)
def test_a_label_is_the_number_of_a_class_or_its_name(classes, labels, numbers):
    kind = "binary" if len(classes) == 2 else "multiclass"
    judging = problem_of(use_case_of(kind, "accuracy", classes=classes)).judging
    assert set(labels) <= set(judging.label.categories)
    assert judging.stored(pa.chunked_array([labels])).to_pylist() == numbers


def test_an_estimator_without_a_quantile_is_named():
    use_case = use_case_of("quantiles", "pinball")
    scoring = problem_of(use_case).scoring
    for estimator, fits in (
        (Ridge(), False),
        (QuantileRegressor(), True),
        (HistGradientBoostingRegressor(), False),
        (HistGradientBoostingRegressor(loss="quantile"), True),
        (GradientBoostingRegressor(loss="quantile"), True),
        (LogisticRegression(), False),
    ):
        assert scoring.fits(estimator) is fits
    pipeline = make_pipeline(GradientBoostingRegressor(loss="quantile"))
    pipeline.steps[0] = ("estimator", pipeline.steps[0][1])
    scoring.assemble(pipeline)
    assert [each.alpha for _, each in pipeline.named_steps["estimator"].estimators] == list(QUANTILES)


@given(st.integers(0, 2**32 - 1), st.integers(0, 40))
@examples(deadline=None, max_examples=30)
def test_scores_come_back_from_the_columns_of_the_table(seed, rows):
    random = np.random.default_rng(seed)
    for kind, metric in (("binary", "f1"), ("multiclass", "cost"), ("regression", "r2"), ("quantiles", "pinball")):
        scoring = problem_by(kind, metric).scoring
        scores = random.random((rows, 3)) if scoring.wide else random.random(rows)
        table = pa.table(scoring.columns(scores)).to_pandas()
        np.testing.assert_array_equal(scoring.read(table), scores if rows else scoring.none())
        np.testing.assert_array_equal(
            scoring.read(pd.DataFrame(scoring.frame(scores))), scores if rows else scoring.none()
        )
        assert len(scoring.scalar(scores)) == rows


def test_a_class_that_training_never_saw_has_probability_0():
    scoring = problem_by("multiclass", "accuracy").scoring
    rows = pd.DataFrame({"x": [0.0, 1.0, 0.1, 0.9]})
    pipeline = make_pipeline(LogisticRegression()).fit(rows, np.array([0, 2, 0, 2], dtype="int16"))
    scores = scoring.scores(pipeline, rows)
    assert scores.shape == (4, 3)
    assert (scores[:, 1] == 0).all()
    np.testing.assert_allclose(scores.sum(axis=1), 1)


def test_folds_of_a_class_with_fewer_rows_than_folds_are_judged_all_the_same():
    use_case = use_case_of("multiclass", "roc_auc").model_copy(update={"features": ("x",)})
    random = np.random.default_rng(1)
    labels = np.array([0] * 40 + [1] * 40 + [2] * 2, dtype="int16")
    train = pd.DataFrame({"x": random.normal(labels), "label": labels})
    pipeline = Pipeline(
        [("preprocessing", ColumnTransformer([("x", StandardScaler(), ["x"])])), ("estimator", GaussianNB())]
    )
    found = cross_validate(pipeline, use_case, train)
    assert 0.5 < found["cv_roc_auc_mean"] <= 1
