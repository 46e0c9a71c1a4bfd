"""Slices of the holdout: how good a model is for each kind of row, where the whole may hide a part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from sluss.config.use_case import UseCase
    from sluss.problems.problem import Problem

PREFIX = "slice."  # of a slice's column among the judged rows, and of its metrics
_MISSING = "missing"
_QUARTERS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Slice:
    """Rows of the holdout with one value of one column, and their metric."""

    column: str
    value: str
    rows: int
    figure: float


def slice_values(use_case: UseCase, train: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The slice that each row is in: a text column `slice.<name>` for every name under `training.slices`.

    A category is a slice. Numbers, and the words of a text, fall into four: `q1` is up to the first quartile of the
    training rows, `q4` above the third. Without a value, a row is in the slice `missing`.
    """
    import pandas as pd

    columns = {
        f"{PREFIX}{name}": _quarters(_numbers(train, name), _numbers(rows, name))
        if use_case.in_quarters(name)
        else rows[name].astype(object).where(rows[name].notna(), _MISSING).map(str)
        for name in use_case.training.slices
    }
    return pd.DataFrame(columns, index=rows.index, dtype=object)


def slices(problem: Problem, judged: pd.DataFrame, metric: str = "") -> list[Slice]:
    """Return a metric, by default the config's, of each slice that defines it, in the order of columns and values.

    Args:
        problem: of the use case.
        judged: `label`, the scores and the columns of `slice_values`, a row each.
        metric: its name.
    """
    labels, scores = judged["label"].to_numpy(), problem.scoring.read(judged)
    found = []
    for column in (name for name in judged.columns if name.startswith(PREFIX)):
        for value, places in sorted(judged.groupby(column).indices.items()):
            figure = problem.judging.value(labels[places], scores[places], metric)
            if figure is not None:
                found.append(Slice(column.removeprefix(PREFIX), str(value), len(places), figure))
    return found


def slice_metrics(problem: Problem, judged: pd.DataFrame) -> dict[str, float]:
    """Return `slice.<column>.<value>.<metric>` and `.rows` of every slice."""
    found: dict[str, float] = {}
    for metric in problem.judging.slice_metrics():
        for each in slices(problem, judged, metric.name):
            name = f"{PREFIX}{each.column}.{each.value}"
            found |= {f"{name}.{metric.name}": each.figure, f"{name}.rows": float(each.rows)}
    return found


def _numbers(rows: pd.DataFrame, name: str) -> pd.Series[float]:
    """A number column, or for `<column>.words` how many words a text has: what stands between spaces."""
    if name in rows.columns:
        return rows[name].astype(float)
    texts = rows[name.removesuffix(".words")]
    return texts.map(lambda text: len(text.split()), na_action="ignore").astype(float)


def _quarters(train: pd.Series[float], numbers: pd.Series[float]) -> pd.Series[str]:
    import numpy as np
    import pandas as pd

    # By the training rows, so that the holdout does not decide where its own slices end. Equal quartiles, as of a
    # column with few values, make fewer slices.
    bounds = np.unique(train.quantile(_QUARTERS).dropna())
    places = np.searchsorted(bounds, numbers, side="left") + 1
    names = pd.Series([f"q{place}" for place in places], index=numbers.index, dtype=object)
    return names.where(numbers.notna(), _MISSING)
