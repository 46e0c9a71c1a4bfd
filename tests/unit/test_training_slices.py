"""Slices: their rows, and the names that a config may use."""

from __future__ import annotations

import pandas as pd
import pytest
from pydantic import ValidationError

from sluss.config.use_case import UseCase
from sluss.problems import problem_of
from sluss.training.slices import Slice, slice_metrics, slice_values, slices


@pytest.fixture
def use_case(sentiment):
    """The sentiment use case with a number column and slices by kind, number and length."""

    def make(*names: str) -> UseCase:
        content = sentiment.model_dump(by_alias=True)
        content["curation"]["columns"]["price"] = {"kind": "number", "nullable": True}
        content["training"]["slices"] = names
        return UseCase.model_validate(content)

    return make


def test_rows_fall_into_categories_and_into_the_quarters_of_the_training_rows(use_case):
    train = pd.DataFrame({"price": [1.0, 2.0, 3.0, 4.0, 5.0], "source": "movies", "text": "one two"})
    rows = pd.DataFrame({"price": [0.0, 2.0, 2.1, 99.0, None], "source": ["movies", "tweets", None, "a/b", "a:b"]})
    rows["text"] = ["", "a", "a  b", "a b c", "a b c"]
    found = slice_values(use_case("source", "price", "text.words"), train, rows)
    assert list(found["slice.price"]) == ["q1", "q1", "q2", "q4", "missing"]
    assert list(found["slice.source"]) == ["movies", "tweets", "missing", "a/b", "a:b"]
    assert list(found["slice.text.words"]) == ["q1", "q1", "q1", "q2", "q2"]


def test_each_slice_has_its_rows_and_its_share_of_right_ones(sentiment):
    problem = problem_of(sentiment)
    judged = pd.DataFrame({"label": [1, 0, 1, 0], "score": [0.9, 0.8, 0.4, 0.1], "slice.source": ["a", "a", "b", "a"]})
    assert slices(problem, judged) == [Slice("source", "a", 3, pytest.approx(2 / 3)), Slice("source", "b", 1, 0.0)]
    metrics = slice_metrics(problem, judged)
    assert metrics["slice.source.a.rows"] == 3
    assert metrics["slice.source.b.accuracy"] == 0.0


@pytest.mark.parametrize("name", ["colour", "text", "price.words", "event_time"])
def test_a_slice_that_cannot_be_made_is_named(use_case, name):
    with pytest.raises(ValidationError, match=f"the slice {name} is neither a category or number under curation"):
        use_case(name)
