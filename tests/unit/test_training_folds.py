"""Preprocessing that folds share is computed once, and changes no score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import StratifiedKFold, cross_val_score

from sluss.config.training import Branch, Part
from sluss.training.pipeline import build_pipeline
from sluss.training.shared_preprocessing import what_folds_share

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase

HASHING = Part(**{"class": "sklearn.feature_extraction.text.HashingVectorizer", "params": {"n_features": 1024}})
TFIDF = Part(**{"class": "sklearn.feature_extraction.text.TfidfTransformer"})
SCALER = Part(**{"class": "sklearn.preprocessing.StandardScaler"})


@pytest.fixture
def rows() -> pd.DataFrame:
    chosen = np.random.default_rng(3)
    words = np.array(["good", "bad", "fine", "poor", "film", "plot", "end", "cast"])
    texts = [" ".join(chosen.choice(words, size=6)) for _ in range(300)]
    return pd.DataFrame({"text": texts, "title": texts[::-1], "price": chosen.normal(size=300)})


@pytest.mark.parametrize(
    ("branches", "shared"),
    [
        ([Branch(columns="text", steps=(HASHING, TFIDF))], True),
        ([Branch(columns="text", steps=(HASHING, TFIDF)), Branch(columns="title", steps=(HASHING,))], True),
        ([Branch(columns="text", steps=(HASHING, TFIDF)), Branch(columns=("price",), steps=(SCALER,))], False),
    ],
)
def test_sharing_changes_no_score(sentiment: UseCase, rows: pd.DataFrame, branches: list[Branch], shared: bool) -> None:
    training = sentiment.training.model_copy(update={"preprocessing": tuple(branches)})
    use_case = sentiment.model_copy(update={"training": training, "features": ("text", "title", "price")})
    pipeline = build_pipeline(use_case)
    labels = rows["text"].str.count("good") + rows["title"].str.count("fine") > 1
    folds = StratifiedKFold(4, shuffle=True, random_state=1)
    rest, features = what_folds_share(pipeline, rows)
    assert (features is not rows) == shared
    expected = cross_val_score(pipeline, rows, labels, cv=folds, scoring="neg_log_loss")
    assert cross_val_score(rest, features, labels, cv=folds, scoring="neg_log_loss") == pytest.approx(
        expected, rel=1e-9
    )
