"""Pipelines that are not the demo's: odd names, trees, missing values, own code, estimators within estimators."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import skops.io
import yaml
from problem_loop import HISTORY, loop, table
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import StackingClassifier

from sluss.config.training import Part
from sluss.context import Context
from sluss.errors import ConfigError
from sluss.interval import parse_interval
from sluss.registry.artifacts import local_copy
from sluss.registry.trusted_types import TRUSTED_TYPES, untrusted_types
from sluss.registry.versions import by_version
from sluss.tracking.client import connect
from sluss.tracking.safe_names import safe_name
from sluss.training import components
from sluss.training.pipeline import build_pipeline
from sluss.training.rehearsal import rehearse
from sluss.training.rows import training_rows
from sluss.use_cases import load_use_case
from tasks import batch_predict, curate_data, deploy_model, monitor_model, train_model, validate_model

START = pd.Timestamp("2025-12-02", tz="UTC").to_pydatetime()
SCALER = {"class": "sklearn.preprocessing.StandardScaler"}
IMPUTER = {"class": "sklearn.impute.SimpleImputer"}
ONE_HOT = {"class": "sklearn.preprocessing.OneHotEncoder", "params": {"handle_unknown": "ignore"}}
LOGISTIC = {"class": "sklearn.linear_model.LogisticRegression"}
CALENDAR = {"class": "components.calendar_features.CalendarFeatures", "params": {"parts": ["hour", "weekday"]}}
TREES = {"class": "sklearn.ensemble.HistGradientBoostingClassifier", "params": {"max_iter": 30}}
COLUMNS = {
    "id": {"kind": "text"},
    "event_time": {"kind": "time"},
    "a__b": {"kind": "number"},
    "price (€)": {"kind": "number", "nullable": True},
    "shop": {"kind": "category", "nullable": True},
}
QUERY = """
SELECT id, event_time, arrived_at, x AS "a__b", CASE WHEN hash(id) % 9 = 0 THEN NULL ELSE y END AS "price (€)",
       CASE WHEN hash(id) % 11 = 0 THEN NULL ELSE shop END AS shop
FROM binary_rows WHERE event_time >= $1 AND event_time < $2 ORDER BY event_time, id
"""


@pytest.fixture(scope="module")
def world(new_home):
    """A curated history of a table with odd names, missing values and a time to learn from."""
    known = loop(new_home("any"), "binary", "roc_auc", table("binary", HISTORY + 2, START))
    known.change(
        features=["a__b", "price (€)", "shop", "event_time"],
        training={
            "preprocessing": [
                {"columns": "numbers", "steps": ["passthrough"]},
                {"columns": "categories", "steps": [ONE_HOT]},
                {"columns": "times", "steps": [CALENDAR]},
                {"columns": ["a__b"], "steps": [SCALER]},
            ],
            "estimator": TREES,
            "slices": ["shop", "price (€)"],
        },
    )
    content = yaml.safe_load(known.file.read_text())
    content["curation"]["columns"] = COLUMNS
    content["gates"] |= {"min_metric": 0.0, "min_gain": 0.0}
    known.file.write_text(yaml.safe_dump(content))
    (known.settings.config_dir / "binary.sql").write_text(QUERY)
    known.curate(known.context.use_case.history)
    return known


@pytest.fixture(scope="module")
def trained(world):
    return train_model.run(world.context, world.context.use_case.history.end)


@pytest.fixture(scope="module")
def rows(world):
    use_case = world.context.use_case
    return training_rows(world.context.lake, use_case, use_case.history.end)


@pytest.fixture
def changed(world, tmp_path):
    """The use case with other keys of `training`."""

    def change(**keys):
        content = yaml.safe_load(world.file.read_text())
        content["training"] |= keys
        (tmp_path / "binary.yaml").write_text(yaml.safe_dump(content))
        return load_use_case("binary", tmp_path)

    return change


def refused(use_case, rows):
    with pytest.raises(ConfigError) as refusal:
        rehearse(use_case, rows.train)
    sentence = str(refusal.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


# From the config to the monitor


def test_trees_on_odd_columns_pass_the_gates_and_score(world, trained):
    validation = validate_model.run(world.context, trained.version)
    assert [result.sentence for result in validation.results if not result.passed] == []
    run = connect(world.settings).get_run(trained.run_id).data
    assert run.params["numbers.passthrough"] == "passthrough"
    assert run.params["a__b.StandardScaler"] == SCALER["class"]
    price = safe_name("slice.price (€).q1.rows")
    assert run.metrics[price] > 0
    deploy_model.run(world.context, trained.version)
    seen = world.live("2026-01-01")
    assert seen.summary.rows > 0


def test_own_code_is_part_of_the_models_environment(world, trained, monkeypatch):
    version = by_version(world.context, trained.version)
    folder = local_copy(world.settings, version)
    recorded = json.loads((folder / components.COMPONENTS_FILE).read_text())
    assert recorded == components.component_files()
    run = connect(world.settings).get_run(trained.run_id).data
    assert run.tags["sluss.components"] == components.components_digest()
    others = recorded | {"calendar_features.py": "0" * 64}
    monkeypatch.setattr("sluss.gates.checks.environment.component_files", lambda: others)
    [result] = [
        each for each in validate_model.run(world.context, trained.version).results if each.gate == "environment"
    ]
    assert not result.passed
    assert "components/calendar_features.py differ" in result.sentence


def test_the_champion_scores_with_the_features_that_it_was_trained_with(world, trained):
    deploy = world.context
    if not connect(world.settings).get_registered_model("binary_model").aliases.get("champion"):
        deploy_model.run(deploy, trained.version)
    before = yaml.safe_load(world.file.read_text())
    world.change(features=["a__b"])
    world.change(
        training={"preprocessing": [{"columns": ["a__b"], "steps": [SCALER]}], "estimator": LOGISTIC, "slices": []}
    )
    try:
        interval = parse_interval("2026-01-02", "day")
        curate_data.run(world.context, interval)
        assert batch_predict.run(world.context, interval).version == trained.version
        watched = {drift.feature for drift in monitor_model.run(world.context, interval).summary.drift}
        assert "price (€)" in watched
    finally:
        world.file.write_text(yaml.safe_dump(before))


# Accepted configs


@pytest.mark.parametrize(
    ("preprocessing", "estimator"),
    [
        ([{"columns": "numbers", "steps": [IMPUTER, SCALER]}], LOGISTIC),
        ([{"columns": "a__b", "steps": [SCALER]}, {"columns": "a__b", "steps": ["passthrough"]}], LOGISTIC),
        ([{"columns": ["a__b", "price (€)"], "steps": [IMPUTER]}, {"columns": "shop", "steps": ["drop"]}], LOGISTIC),
        (
            [{"columns": "numbers", "steps": [
                {"class": "sklearn.pipeline.Pipeline", "params": {"steps": [IMPUTER, SCALER]}},
            ]}],
            LOGISTIC,
        ),
        (
            [{"columns": "numbers", "steps": [
                IMPUTER,
                {"class": "sklearn.preprocessing.FunctionTransformer", "params": {"func": "numpy.tanh"}},
                {"class": "sklearn.feature_selection.SelectKBest",
                 "params": {"score_func": "sklearn.feature_selection.f_classif", "k": 1}},
            ]}],
            {"class": "sklearn.calibration.CalibratedClassifierCV",
             "params": {"estimator": {"class": "sklearn.svm.LinearSVC"}, "cv": 3}},
        ),
        (
            [{"columns": "numbers", "steps": [IMPUTER]}],
            {"class": "sklearn.ensemble.StackingClassifier",
             "params": {"estimators": [LOGISTIC, ["tree", {"class": "sklearn.tree.DecisionTreeClassifier"}]],
                        "final_estimator": LOGISTIC,
                        "cv": {"class": "sklearn.model_selection.StratifiedKFold", "params": {"n_splits": 3}}}},
        ),
        (
            [{"columns": "numbers", "steps": [IMPUTER]}],
            {"class": "sklearn.ensemble.VotingClassifier",
             "params": {"estimators": [LOGISTIC, {"class": "sklearn.naive_bayes.GaussianNB"}], "voting": "soft"}},
        ),
        ([{"columns": "numbers", "steps": [IMPUTER]}], {"class": "lightgbm.LGBMClassifier"}),
        (
            [{"columns": "categories", "steps": [{"class": "sklearn.preprocessing.OrdinalEncoder",
             "params": {"handle_unknown": "use_encoded_value", "unknown_value": -1}}]}],
            {"class": TREES["class"], "params": {"categorical_features": [0], "max_iter": 20}},
        ),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_it_can_be_written_in_a_config(changed, rows, preprocessing, estimator):
    use_case = changed(preprocessing=preprocessing, estimator=estimator)
    rehearse(use_case, rows.train)
    pipeline = build_pipeline(use_case)
    pipeline.fit(rows.train[list(use_case.features)], rows.train["label"])
    assert np.isfinite(pipeline.predict_proba(rows.holdout[list(use_case.features)])).all()


def test_parts_within_parts_are_made_and_seeded(changed):
    stack = {"estimators": [LOGISTIC, LOGISTIC], "final_estimator": {"class": "sklearn.tree.DecisionTreeClassifier"}}
    use_case = changed(estimator={"class": "sklearn.ensemble.StackingClassifier", "params": stack})
    estimator = build_pipeline(use_case).named_steps["estimator"]
    assert isinstance(estimator, StackingClassifier)
    assert [name for name, _ in estimator.estimators] == ["logisticregression", "logisticregression-2"]
    assert estimator.final_estimator.random_state == use_case.training.seed
    log = {"regressor": {"class": "sklearn.linear_model.Ridge"}, "func": "numpy.log1p", "inverse_func": "numpy.expm1"}
    part = {"class": "sklearn.compose.TransformedTargetRegressor", "params": log}
    target = build_pipeline(changed(estimator=part)).named_steps["estimator"]
    assert isinstance(target, TransformedTargetRegressor)
    assert (target.func, target.inverse_func) == (np.log1p, np.expm1)


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ({"class": "pickle.Unpickler"}, "is not the full name of a class"),
        ({"class": LOGISTIC["class"], "params": {"a": {"class": "os.system"}}}, "is not the full name of a class"),
    ],
)
def test_no_class_of_another_package_is_taken(part, sentence):
    with pytest.raises(ValueError, match=sentence):
        Part.model_validate(part)


# Refused before the fit


@pytest.mark.parametrize(
    ("preprocessing", "estimator", "words"),
    [
        ([{"columns": "numbers", "steps": ["passthrough"]}], LOGISTIC,
         ["price (€)", "has missing values", "LogisticRegression takes none", "SimpleImputer"]),
        ([{"columns": "price (€)", "steps": [{"class": "sklearn.preprocessing.PolynomialFeatures"}]}], LOGISTIC,
         ["The column price (€) has missing values", "PolynomialFeatures takes none", "SimpleImputer"]),
        ([{"columns": "shop", "steps": ["passthrough"]}], TREES,
         ["The column shop reaches HistGradientBoostingClassifier as text", "OneHotEncoder"]),
        ([{"columns": "shop", "steps": [SCALER]}], LOGISTIC, ["StandardScaler cannot be fitted on shop"]),
        ([{"columns": "texts", "steps": [SCALER]}], LOGISTIC, ["no feature is of the kind 'text'"]),
        ([{"columns": "id", "steps": [ONE_HOT]}], LOGISTIC, ["uses the column id, which is not among the features"]),
        ([{"columns": "a__b", "steps": [SCALER]}], {"class": "sklearn.linear_model.Perceptron"},
         ["Perceptron cannot be used", "predict_proba"]),
        ([{"columns": "a__b", "steps": [{"class": "components.nothing.Here"}]}], LOGISTIC,
         ["'components.nothing.Here' cannot be imported"]),
        ([{"columns": "a__b", "steps": [{"class": "sklearn.preprocessing.FunctionTransformer",
         "params": {"func": "numpy.logarithm"}}]}], LOGISTIC, ["numpy has no 'numpy.logarithm'"]),
        ([{"columns": "a__b", "steps": [{"class": "sklearn.preprocessing.FunctionTransformer",
         "params": {"func": "numpy.load"}}]}], LOGISTIC, ["FunctionTransformer cannot be fitted"]),
        ([{"columns": "numbers", "steps": [IMPUTER, {"class": "sklearn.cluster.Birch"}]}], LOGISTIC,
         ["cannot be saved without pickle"]),
    ],
)  # fmt: skip
def test_a_mistake_is_a_sentence_before_the_fit(changed, rows, preprocessing, estimator, words):
    sentence = refused(changed(preprocessing=preprocessing, estimator=estimator), rows)
    for each in words:
        assert each in sentence


@pytest.mark.parametrize(
    ("branch", "taker"),
    [
        ({"columns": "event_time", "steps": [SCALER]}, "StandardScaler"),
        ({"columns": ["a__b", "event_time"], "steps": [IMPUTER]}, "SimpleImputer"),
        ({"columns": "times", "steps": ["passthrough"]}, "the estimator"),
    ],
)
def test_a_time_is_not_taken_for_a_number(changed, branch, taker):
    with pytest.raises(ConfigError, match=rf"event_time is a time, which {taker} would take .*CalendarFeatures"):
        changed(preprocessing=[branch])


def test_a_type_that_was_not_reviewed_is_named(changed, rows):
    own = {"class": "sklearn.preprocessing.FunctionTransformer", "params": {"func": "numpy.asarray"}}
    branch = [{"columns": "a__b", "steps": [own]}]
    sentence = refused(changed(preprocessing=branch, estimator=LOGISTIC), rows)
    assert "types that are not trusted: numpy.asarray" in sentence


def test_a_training_stops_before_the_fit(world, changed):
    use_case = changed(preprocessing=[{"columns": "numbers", "steps": ["passthrough"]}], estimator=LOGISTIC)
    before = len(connect(world.settings).search_runs(["1"]))
    with pytest.raises(ConfigError, match="has missing values"):
        train_model.run(Context(world.settings, use_case), use_case.history.end)
    assert len(connect(world.settings).search_runs(["1"])) == before


def test_what_works_on_many_rows_only_is_not_refused(changed, rows):
    neighbours = {"class": "sklearn.neighbors.KNeighborsClassifier", "params": {"n_neighbors": 600}}
    branch = [{"columns": "a__b", "steps": [SCALER]}]
    rehearse(changed(preprocessing=branch, estimator=neighbours), rows.train)


# Types and names


def test_every_trusted_type_of_scikit_learn_and_numpy_exists():
    from importlib import import_module

    for name in TRUSTED_TYPES:
        module, _, attribute = name.rpartition(".")
        if module.partition(".")[0] in ("sklearn", "numpy", "scipy", "collections", "functools", "lightgbm"):
            assert hasattr(import_module(module), attribute), name


def test_functions_that_run_code_are_not_trusted(tmp_path):
    from sklearn.preprocessing import FunctionTransformer

    for function in (np.load, np.save, np.fromfile, eval, exec, __import__):
        try:
            skops.io.dump(FunctionTransformer(function), tmp_path / "model.skops")
        except Exception:  # noqa: BLE001, S112 - it cannot even be saved
            continue
        assert untrusted_types(tmp_path / "model.skops")


NAMES = ["price (€)", "Größe cm", "a__b", "..", ".", "a/b", "a:b", "a//b", "/a", "x" * 300, " a", "a\nb", "", "select"]


def test_mlflow_takes_every_name_and_keeps_them_apart(tmp_path, empty_hub):
    import shutil

    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    shutil.copy(empty_hub, tmp_path / "mlflow.db")
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlflow.db")
    run = client.create_run(client.create_experiment("names", artifact_location=tmp_path.as_uri())).info.run_id
    names = [*NAMES, *(f"slice.{name}.rows" for name in NAMES)]
    client.log_batch(
        run,
        params=[Param(safe_name(name), "1") for name in names],
        metrics=[Metric(safe_name(name), 1.0, 0, 0) for name in names],
    )
    found = client.get_run(run).data
    assert len(found.params) == len(found.metrics) == len(names)
    assert {"Größe cm", "a__b", "select"} <= set(found.params)
