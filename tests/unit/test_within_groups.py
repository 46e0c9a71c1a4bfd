"""A regression over groups of different sizes is not taken for a leak; one that knows the label within them is."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sluss.gates.within_groups import least_explained
from sluss.problems.metrics import Judged

ROWS = 600
KINDS = {"store": "category", "shelf": "category", "x": "number"}


def fit(predicted: np.ndarray, labels: np.ndarray, rows: pd.DataFrame, series: str | None = None) -> float:
    columns = {name: SimpleNamespace(kind=kind) for name, kind in KINDS.items()}
    use_case = SimpleNamespace(features=tuple(KINDS), curation=SimpleNamespace(columns=columns))
    evidence = SimpleNamespace(
        problem=SimpleNamespace(judging=SimpleNamespace(series=series)), known=SimpleNamespace(use_case=use_case),
        rows=SimpleNamespace(holdout=rows), judged=rows[["id"]],
    )  # fmt: skip
    return least_explained(evidence, Judged(labels, predicted, predicted))


@pytest.fixture
def stores():
    """Labels of stores of different sizes, and the same without the noise that no model knows."""
    random = np.random.default_rng(5)
    store, shelf, x = random.integers(0, 6, ROWS), random.integers(0, 3, ROWS), random.normal(0, 20, ROWS)
    rows = pd.DataFrame({"id": [f"r{row}" for row in range(ROWS)], "store": store, "shelf": shelf, "x": x})
    return random, rows.astype({"store": str, "shelf": str}), store * 200.0 + x, random.normal(0, 5, ROWS)


@pytest.mark.parametrize("series", [None, "store"])
def test_levels_of_stores_are_known_and_no_leak(stores, series):
    _, rows, known, noise = stores
    labels = known + noise
    assert 1 - ((labels - known) ** 2).sum() / ((labels - labels.mean()) ** 2).sum() > 0.999
    assert fit(known, labels, rows, series) < 0.97


@pytest.mark.parametrize("series", [None, "store"])
def test_a_column_that_knows_the_label_shows_within_the_stores_too(stores, series):
    random, rows, known, noise = stores
    labels = known + noise
    assert fit(labels + random.normal(0, 0.1, ROWS), labels, rows, series) > 0.999


def test_groups_of_few_rows_or_without_variance_are_no_excuse(stores):
    random, rows, known, _ = stores
    sizes = known + random.normal(0, 3, ROWS)
    assert fit(sizes, known, rows) < 0.999 < fit(sizes, known, rows.assign(store=rows["id"], shelf="a"))
    copy = pd.Series(known).round().to_numpy()
    assert fit(copy, copy, rows.assign(store=copy.astype(str))) == 1.0
