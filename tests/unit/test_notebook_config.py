"""A notebook's pipeline, converted to a config and built again from it."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, RobustScaler, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from components.calendar_features import CalendarFeatures
from sluss.config.curation import Column
from sluss.config.training import Search
from sluss.config.use_case import UseCase
from sluss.errors import ConfigError
from sluss.notebook import config_text, use_case_with
from sluss.training.pipeline import build_pipeline


def reading(text, classifier, columns="text", **params):
    return make_pipeline(ColumnTransformer([("text", text, columns)], **params), classifier)


@pytest.mark.parametrize(
    ("text", "classifier"),
    [
        (TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=5, random_state=7)),
        (make_pipeline(CountVectorizer(token_pattern=r"\w+"), TfidfTransformer()), MultinomialNB(alpha=0.5)),
        (TfidfVectorizer(), HistGradientBoostingClassifier(max_depth=3, random_state=7)),
    ],
)
def test_what_is_written_down_makes_the_same_pipeline(sentiment, text, classifier):
    made = build_pipeline(use_case_with(reading(text, classifier), sentiment))
    [(_, chain, columns)] = made.named_steps["preprocessing"].transformers
    assert columns == "text"
    assert repr(chain) == repr(text)
    assert repr(made.named_steps["estimator"]) == repr(classifier)


def test_a_pipeline_made_from_the_config_is_written_down_as_it_stands_there(sentiment):
    told = use_case_with(build_pipeline(sentiment), sentiment)
    # The seed is in the estimator by now; all else is as it was.
    seeded = told.training.estimator.params.pop("random_state")
    assert seeded == sentiment.training.seed
    assert told == sentiment


def test_the_lines_for_the_config_are_read_as_the_same_pipeline(sentiment):
    pipeline = reading(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=5.0))
    lines = yaml.safe_load(config_text(pipeline, sentiment))["training"]
    whole = sentiment.model_dump(mode="json", by_alias=True)
    read = UseCase.model_validate(whole | {"training": whole["training"] | lines})
    assert read == use_case_with(pipeline, sentiment)


def test_a_search_of_the_config_does_not_change_what_a_person_has_chosen(sentiment):
    search = Search(**{"class": "sklearn.model_selection.GridSearchCV", "space": {"estimator.C": [1, 2]}})
    searching = sentiment.model_copy(update={"training": sentiment.training.model_copy(update={"search": search})})
    assert use_case_with(reading(TfidfVectorizer(), MultinomialNB()), searching).training.search is None


class Homemade(CountVectorizer):
    """A class that only this notebook has."""


@pytest.mark.parametrize(
    ("pipeline", "reason"),
    [
        (LogisticRegression(), "pipeline of two steps"),
        (make_pipeline(TfidfVectorizer(), LogisticRegression()), "takes the raw columns by their names"),
        (reading(TfidfVectorizer(), LinearSVC()), "pipeline of two steps"),
        (reading(TfidfVectorizer(), LogisticRegression(), columns=0), "names its columns; 0 does not"),
        (reading(TfidfVectorizer(), LogisticRegression(), columns="source"), "reads source; sentiment gives"),
        (reading(TfidfVectorizer(), LogisticRegression(), remainder="passthrough"), r"ColumnTransformer\(remainder"),
        (reading(Homemade(), LogisticRegression()), "Homemade is not a class of scikit-learn"),
        (reading(FunctionTransformer(len), LogisticRegression()), r"FunctionTransformer\(func=.* cannot be written"),
        (reading(FunctionTransformer(lambda x: x), LogisticRegression()), "a function of your own to a file"),
        (reading(CountVectorizer(vocabulary={1, 2}), MultinomialNB()), r"vocabulary=\{1, 2\}\) cannot be written"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_down_is_refused_with_the_reason(sentiment, pipeline, reason):
    with pytest.raises(ConfigError, match=reason):
        use_case_with(pipeline, sentiment)


NUMBERS = ColumnTransformer(
    [
        ("logged", FunctionTransformer(np.log1p, inverse_func=np.expm1), ["x"]),
        ("scaled", make_pipeline(SimpleImputer(strategy="median"), RobustScaler(quantile_range=(10.0, 90.0))), ["x"]),
        ("calendar", CalendarFeatures(), ["event_time"]),
        ("coded", OneHotEncoder(handle_unknown="ignore", dtype=np.float32), ["text"]),
        ("as it is", "passthrough", ["x"]),
        ("gone", "drop", ["text"]),
    ]
)


@pytest.mark.parametrize(
    "classifier",
    [
        VotingClassifier([("one", MultinomialNB()), ("two", LogisticRegression(C=2.0))], voting="soft"),
        StackingClassifier([("one", make_pipeline(StandardScaler(), GaussianNB()))], LogisticRegression(), cv=3),
        CalibratedClassifierCV(RandomForestClassifier(n_estimators=np.int64(5), random_state=7), cv=2),
        BaggingClassifier(DecisionTreeClassifier(max_depth=2, random_state=7), n_estimators=3, random_state=7),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_notebook_registers_what_a_config_can_hold(sentiment, classifier):
    columns = sentiment.curation.columns | {"x": Column(kind="number")}
    curation = sentiment.curation.model_copy(update={"columns": columns})
    wide = sentiment.model_copy(update={"curation": curation, "features": ("text", "x", "event_time")})
    told = use_case_with(make_pipeline(NUMBERS, classifier), wide)
    lines = yaml.safe_load(yaml.safe_dump(told.training.model_dump(mode="json", by_alias=True)))
    read = wide.model_copy(update={"training": type(wide.training).model_validate(lines)})
    made = build_pipeline(read)
    expected = [step for _, step, _ in NUMBERS.transformers]
    given = [step for _, step, _ in made.named_steps["preprocessing"].transformers]
    assert list(map(repr, given)) == list(map(repr, expected))
    seeded = clone(classifier)
    seeds = {name: 7 for name in seeded.get_params() if name.split("__")[-1] == "random_state"}
    wanted = repr(seeded.set_params(**seeds)).replace("np.int64(5)", "5")
    assert repr(made.named_steps["estimator"].set_params(**seeds)).split() == wanted.split()
