"""The digest of a fitted pipeline: equal for equal models in any process, and different for any other model."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sluss.config.settings import ROOT
from sluss.training.fingerprint import pipeline_digest

CLASSIFIERS = [
    LogisticRegression(),
    RandomForestClassifier(3, random_state=0),
    GradientBoostingClassifier(n_estimators=2, random_state=0),
    MLPClassifier((3,), max_iter=2, random_state=0),
    ComplementNB(),
]


def fitted(classifier, seed=0):
    random = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "text": [" ".join(random.choice(list("abcdef"), 5)) for _ in range(60)],
            "price": random.random(60),
            "colour": random.choice(["red", "blue"], 60),
        }
    )
    branches = [
        ("text", make_pipeline(CountVectorizer(token_pattern=r"\w"), TfidfTransformer()), "text"),
        ("price", SimpleImputer(), ["price"]),
        ("colour", OneHotEncoder(), ["colour"]),
    ]
    return make_pipeline(ColumnTransformer(branches), classifier).fit(rows, rows["price"] > 0.5)


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda each: type(each).__name__)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_the_digest_survives_saving_and_loading_and_differs_between_models(classifier):
    pipeline = fitted(classifier)
    digest = pipeline_digest(pipeline)
    stored = skops.io.dumps(pipeline)
    loaded = skops.io.loads(stored, trusted=skops.io.get_untrusted_types(data=stored))
    assert pipeline_digest(loaded) == digest == pipeline_digest(fitted(classifier))
    assert pipeline_digest(fitted(classifier, seed=1)) != digest


def test_any_changed_coefficient_parameter_or_word_changes_the_digest():
    pipeline = fitted(LogisticRegression())
    digests = [pipeline_digest(pipeline)]
    pipeline[-1].coef_[0, -1] = np.nextafter(pipeline[-1].coef_[0, -1], 9)
    digests.append(pipeline_digest(pipeline))
    pipeline[-1].set_params(C=2.0)
    digests.append(pipeline_digest(pipeline))
    words = pipeline[0].named_transformers_["text"][0].vocabulary_
    words["a"], words["b"] = words["b"], words["a"]
    digests.append(pipeline_digest(pipeline))
    assert len(set(digests)) == 4


def test_another_process_finds_the_same_digest():
    code = "from test_training_fingerprint import *; print(pipeline_digest(fitted(LogisticRegression())))"
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'unit'}", "PYTHONHASHSEED": "42"}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == pipeline_digest(fitted(LogisticRegression()))
