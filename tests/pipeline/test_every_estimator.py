"""Every class of scikit-learn and of the boosters is trained, saved and loaded elsewhere, or refused before the fit."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata, util

import numpy as np
import pandas as pd
import pytest
import skops.io
import yaml
from sklearn.utils import all_estimators

from sluss.config.settings import ROOT
from sluss.errors import ConfigError
from sluss.gates.clean_process import score_raw_rows
from sluss.problems import problem_of
from sluss.registry.trusted_types import TRUSTED_TYPES
from sluss.training.fingerprint import pipeline_digest
from sluss.training.pipeline import build_pipeline
from sluss.training.rehearsal import rehearse
from sluss.use_cases import load_use_case

pytestmark = [
    # Tiny data and default parameters make many of them warn: of convergence, of classes, of their own future.
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.timeout(300),
]

IMPUTED = [{"class": "sklearn.impute.SimpleImputer"}, {"class": "sklearn.preprocessing.MinMaxScaler"}]
ENCODED = [{"class": "sklearn.preprocessing.OneHotEncoder", "params": {"handle_unknown": "ignore"}}]
RIDGE = {"class": "sklearn.linear_model.Ridge"}
LOGISTIC = {"class": "sklearn.linear_model.LogisticRegression"}
TREES = {
    "classifier": {"class": "sklearn.tree.DecisionTreeClassifier", "params": {"max_depth": 3}},
    "regressor": {"class": "sklearn.tree.DecisionTreeRegressor", "params": {"max_depth": 3}},
}
FINAL = {"classifier": LOGISTIC, "regressor": RIDGE}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """A table as people have it: numbers and categories with missing values, odd names, texts, times."""
    random = np.random.default_rng(7)
    count = 320
    frame = pd.DataFrame(
        {
            "a__b": random.normal(size=count),
            "price (€)": np.exp(random.normal(size=count)),
            "colour": random.choice(["red", "green", "blue"], size=count),
            "note": [" ".join(random.choice(["good", "bad", "fine", "poor", "plain"], size=5)) for _ in range(count)],
            "at": pd.date_range("2026-01-01", periods=count, freq="h", tz="UTC"),
        }
    )
    signal = frame["a__b"] + (frame["colour"] == "red") + frame["note"].str.count("good") / 2
    frame["label"] = (signal + random.normal(scale=0.5, size=count) > signal.median()).astype("int8")
    frame["number"] = np.exp(signal / 4)
    frame.loc[::17, "price (€)"] = np.nan
    frame.loc[::23, "colour"] = None
    return frame


@pytest.fixture(scope="module")
def use_case(tmp_path_factory, intensity_config):
    """Make a use case of those columns, a classification or a regression, with a preprocessing and an estimator."""
    folder = tmp_path_factory.mktemp("config")
    texts = {"classifier": (ROOT / "config" / "sentiment.yaml").read_text("utf-8"), "regressor": intensity_config}

    def make(kind, preprocessing=None, estimator=None):
        content = yaml.safe_load(texts[kind])
        content["name"] = "any_table"
        del content["curation"]["columns"]["source"], content["curation"]["columns"]["text"]
        content["curation"]["columns"] |= {
            "a__b": {"kind": "number"},
            "price (€)": {"kind": "number", "nullable": True},
            "colour": {"kind": "category", "nullable": True},
            "note": {"kind": "text"},
            "at": {"kind": "time"},
        }
        content["features"] = ["a__b", "price (€)", "colour", "note", "at"]
        content["training"] |= {
            "slices": [],
            "preprocessing": preprocessing or usual(),
            "estimator": estimator or FINAL[kind],
        }
        (folder / "any_table.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        return load_use_case("any_table", folder)

    return make


def usual(*steps):
    """Branches for all columns, with other steps for the numbers after their missing values were filled."""
    return [{"columns": "numbers", "steps": [*IMPUTED, *steps]}, {"columns": "categories", "steps": ENCODED}]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """Score rows in a process like the gates' clean one; one for all classes, since its imports take seconds."""
    code = (
        "import json, runpy, sys; sys.path.append(sys.argv[1]); score = runpy.run_path(sys.argv[2])['score']\n"
        "for line in sys.stdin:\n"
        "    try:\n        score(json.loads(line)); print('done', flush=True)\n"
        "    except Exception as error:\n        print(type(error).__name__, error, flush=True)\n"
    )
    packages = str(metadata.distribution("scikit-learn").locate_file(""))
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "components").symlink_to(ROOT / "components")
    command = [sys.executable, "-I", "-S", "-W", "ignore", "-c", code, packages, score_raw_rows.__file__]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd="/", text=True, **streams) as process:

        def ask(pipeline, features, method):
            skops.io.dump(pipeline, folder / "model.skops")
            features.to_parquet(folder / "rows.parquet", index=False)
            order = {
                "model": str(folder / "model.skops"),
                "method": method,
                "trusted": list(TRUSTED_TYPES),
                "rows": str(folder / "rows.parquet"),
                "output": str(folder / "output.npy"),
                "components": str(folder),
            }
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == "done\n"
            return np.load(folder / "output.npy")

        yield ask
        process.stdin.close()


@pytest.fixture
def refusal(use_case, rows, elsewhere):
    """Train from a config, save, and score in another process. Return the sentence of a refusal before the fit."""

    def attempt(kind, preprocessing=None, estimator=None):
        labelled = rows.assign(label=rows["label" if kind == "classifier" else "number"])
        try:
            wanted = use_case(kind, preprocessing, estimator)
            rehearse(wanted, labelled)
        except ConfigError as error:
            return str(error)
        features, pipeline = labelled[list(wanted.features)], build_pipeline(wanted)
        pipeline.fit(features, labelled["label"])
        scoring = problem_of(wanted).scoring
        found = elsewhere(pipeline, features, scoring.method)
        assert np.allclose(found, getattr(pipeline, scoring.method)(features), rtol=0, atol=1e-12)
        assert len(pipeline_digest(pipeline)) == 64
        return None

    return attempt


def full_name(cls: type) -> str:
    """The public name of a class: without private modules."""
    return f"{cls.__module__.partition('._')[0]}.{cls.__name__}"


# Parameters without which a class cannot be made.
NEEDED = {
    "CCA": {"n_components": 1},
    "PLSCanonical": {"n_components": 1},
    "PLSRegression": {"n_components": 1},
    "PLSSVD": {"n_components": 1},
    "ClassifierChain": {"estimator": LOGISTIC},
    "FixedThresholdClassifier": {"estimator": LOGISTIC},
    "FrozenEstimator": {"estimator": LOGISTIC},
    "GridSearchCV": {"estimator": LOGISTIC, "param_grid": {"C": [0.1, 1.0]}},
    "MultiOutputClassifier": {"estimator": LOGISTIC},
    "MultiOutputRegressor": {"estimator": RIDGE},
    "OneVsOneClassifier": {"estimator": LOGISTIC},
    "OneVsRestClassifier": {"estimator": LOGISTIC},
    "OutputCodeClassifier": {"estimator": LOGISTIC},
    "RandomizedSearchCV": {"estimator": LOGISTIC, "param_distributions": {"C": [0.1, 1.0]}, "n_iter": 2},
    "RegressorChain": {"estimator": RIDGE},
    "QuadraticDiscriminantAnalysis": {"reg_param": 0.1},  # a one-hot code has no full rank
    "RFE": {"estimator": LOGISTIC},
    "RFECV": {"estimator": LOGISTIC},
    "SelectFromModel": {"estimator": LOGISTIC},
    "SelfTrainingClassifier": {"estimator": LOGISTIC},
    "SequentialFeatureSelector": {"estimator": LOGISTIC},
    "SparseCoder": {"dictionary": [[1.0, 0.0], [0.0, 1.0]]},
    "StackingClassifier": {"estimators": [LOGISTIC, TREES["classifier"]]},
    "StackingRegressor": {"estimators": [["linear", RIDGE], ["tree", TREES["regressor"]]]},
    "TunedThresholdClassifierCV": {"estimator": LOGISTIC},
    "VotingClassifier": {"estimators": [["a", LOGISTIC], ["b", TREES["classifier"]]], "voting": "soft"},
    "VotingRegressor": {"estimators": [RIDGE, TREES["regressor"]]},
    "ColumnTransformer": {"transformers": [["all", "passthrough", [0, 1]]]},
    "FeatureUnion": {"transformer_list": [{"class": "sklearn.preprocessing.StandardScaler"}, "passthrough"]},
    "GaussianRandomProjection": {"n_components": 2},
    "SparseRandomProjection": {"n_components": 2},
    "CatBoostClassifier": {"iterations": 20},
    "CatBoostRegressor": {"iterations": 20},
    "SelectKBest": {"k": 1},
    "GenericUnivariateSelect": {"mode": "k_best", "param": 1},
}
# The classes that a use case of this kind cannot use, with words of the sentence that says so before the fit.
REFUSED = {
    **dict.fromkeys(
        (
            "LinearSVC", "NuSVC", "OneVsOneClassifier", "OutputCodeClassifier", "PassiveAggressiveClassifier",
            "Perceptron", "RidgeClassifier", "RidgeClassifierCV", "SGDClassifier", "SVC",
        ),
        "needs a classifier that has predict_proba",
    ),
    **dict.fromkeys(
        (
            "ClassifierChain", "MultiOutputClassifier", "MultiOutputRegressor", "RegressorChain", "MultiTaskElasticNet",
            "MultiTaskElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV",
        ),
        "predicts several labels of each row",
    ),
    "Birch": "cannot be saved without pickle",  # skops does not support it
    # They take dictionaries, pictures, kernels, labels, and not the columns of a table.
    **dict.fromkeys(
        (
            "DictVectorizer", "FeatureHasher", "KernelCenterer", "LabelBinarizer", "LabelEncoder",
            "MultiLabelBinarizer", "PatchExtractor", "SparseCoder",
        ),
        "cannot be fitted on",
    ),
    "TSNE": "has no method transform",
    **dict.fromkeys(
        (
            "CCA transformer", "IsotonicRegression transformer", "PLSCanonical transformer",
            "PLSRegression transformer", "PLSSVD transformer",
        ),
        "does not return one table",
    ),
}  # fmt: skip


def classes(kind: str) -> list[type]:
    found = [cls for _, cls in all_estimators(type_filter=kind)]
    boosters = {
        "lightgbm": [f"LGBM{kind.title()}"],
        "xgboost": [f"XGB{kind.title()}", f"XGBRF{kind.title()}"],
        "catboost": [f"CatBoost{kind.title()}"],
    }
    for package, names in boosters.items():
        if kind != "transformer" and util.find_spec(package):
            found += [getattr(__import__(package), name) for name in names]
    return found


ALONE = {"IsotonicRegression": "a__b", "MissingIndicator": "price (€)"}
# One of each family, so that each run of the tests meets every way in which a class may be saved.
QUICK = {
    "AdaBoostClassifier", "BaggingRegressor", "CalibratedClassifierCV", "CountVectorizer", "DecisionTreeClassifier",
    "ExtraTreesRegressor", "GradientBoostingClassifier", "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor", "KBinsDiscretizer", "KNeighborsClassifier", "KNeighborsRegressor",
    "LGBMClassifier", "LinearSVC", "MLPClassifier", "RandomForestClassifier", "SimpleImputer", "SplineTransformer",
    "StackingClassifier", "TransformedTargetRegressor", "VotingRegressor", "XGBRegressor", "CatBoostClassifier",
}  # fmt: skip


def every(kind):
    return [
        pytest.param(cls, id=cls.__name__, marks=() if cls.__name__ in QUICK else pytest.mark.weekly)
        for cls in classes(kind)
    ]


def check(cls, sentence, kind=""):
    wanted = REFUSED.get(cls.__name__) or REFUSED.get(f"{cls.__name__} {kind}")
    assert (sentence is None) == (wanted is None), sentence
    if sentence is not None:
        assert wanted in sentence
        assert "\n" not in sentence
        assert sentence.endswith(".")


@pytest.mark.parametrize("cls", every("classifier"))
def test_every_classifier(cls, refusal):
    part = {"class": full_name(cls), "params": NEEDED.get(cls.__name__, {})}
    check(cls, refusal("classifier", estimator=part))


@pytest.mark.parametrize("cls", every("regressor"))
def test_every_regressor(cls, refusal):
    part = {"class": full_name(cls), "params": NEEDED.get(cls.__name__, {})}
    one = [{"columns": "a__b", "steps": ["passthrough"]}] if cls.__name__ == "IsotonicRegression" else None
    check(cls, refusal("regressor", one, part))


@pytest.mark.parametrize("cls", every("transformer"))
def test_every_transformer(cls, refusal):
    part = {"class": full_name(cls), "params": NEEDED.get(cls.__name__, {})}
    preprocessing = usual(part)
    if "feature_extraction" in cls.__module__ and cls.__name__ != "TfidfTransformer":
        preprocessing = [*usual(), {"columns": "note", "steps": [part]}]
    elif cls.__name__ in ("IsotonicRegression", "MissingIndicator"):  # one column; a column with missing values
        preprocessing = [*usual(), {"columns": ALONE[cls.__name__], "steps": [part]}]
    check(cls, refusal("classifier", preprocessing), "transformer")
