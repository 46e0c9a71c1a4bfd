"""Scoring passes texts as plain objects, training as pandas' own type: the scores must be equal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sluss.registry.artifacts import LoadedModel
from sluss.scoring.curated_rows import columns_to_score
from sluss.scoring.score import score

TEXTS = ["a good film", "a bad film", "good and long", "bad, but short", "the rest"] * 20
COLOURS = ["red", None, "blue", None, "red"] * 20
PRICES = [1.0, 2.5, None, 4.0, 0.5] * 20


def rows(use_case, text: pa.DataType, colours=COLOURS) -> pa.RecordBatch:
    ids = pa.array([str(number) for number in range(len(TEXTS))])
    known = {"id": ids, "interval": ids, "event_time": pa.nulls(len(TEXTS), pa.timestamp("us", "UTC"))}
    features = {"text": pa.array(TEXTS, text), "colour": pa.array(colours, text), "price": pa.array(PRICES)}
    columns = known | features
    return pa.RecordBatch.from_pydict({name: columns[name] for name in columns_to_score(use_case)})


@pytest.fixture
def use_case(sentiment):
    return sentiment.model_copy(update={"features": ("text", "colour", "price")})


@pytest.fixture
def model(use_case):
    """A model trained on rows as training reads them; a missing colour is informative."""
    branches = [
        ("text", HashingVectorizer(n_features=64), "text"),
        ("colour", OneHotEncoder(handle_unknown="ignore"), ["colour"]),
        ("price", "drop", ["price"]),
    ]
    frame = rows(use_case, pa.string()).to_pandas()
    labels = pd.isna(frame["colour"]).to_numpy() ^ frame["text"].str.contains("good").to_numpy()
    return LoadedModel("1", "run", make_pipeline(ColumnTransformer(branches), LogisticRegression()).fit(frame, labels))


@pytest.mark.parametrize("text", [pa.string(), pa.large_string()])
def test_texts_and_missing_texts_are_scored_as_they_were_learned(model, use_case, text):
    batch = rows(use_case, text)
    expected = model.pipeline.predict_proba(batch.to_pandas())[:, 1]
    np.testing.assert_array_equal(score(model, use_case, batch)["score"].to_numpy(), expected)
    filled = score(model, use_case, rows(use_case, text, [colour or "red" for colour in COLOURS]))["score"].to_numpy()
    assert (filled != expected).tolist() == [colour is None for colour in COLOURS]
