"""Slices of the holdout: how good a model is for each kind of row, where the whole may hide a part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.problems.slicing import PREFIX, slice_bounds, sliced_by

if TYPE_CHECKING:
    import pandas as pd

    from sluss.config.use_case import UseCase
    from sluss.problems.problem import Problem


@dataclass(frozen=True)
class Slice:
    """Rows of the holdout with one value of one column, and their metric."""

    column: str
    value: str
    rows: int
    figure: float


def slice_values(use_case: UseCase, train: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The slice that each row is in, by the quartiles of the training rows: see `sliced_by`."""
    return sliced_by(use_case, slice_bounds(use_case, train), rows)


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
