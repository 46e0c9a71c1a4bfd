"""Two recipes compared on the training window: each scores rows that come after those it learned from.

A changed recipe would have to be judged on the few days of a holdout, on which nothing but a large gain shows. The
question is whether the *recipe* is as good, and for that the training window has many more rows: both recipes are
fitted on its first half, score the part after it, are fitted on that part too, and so on. No row is scored by a model
that learned from it or from a later row, so the test by betting keeps its guarantee. Source: L. J. Tashman (2000),
Out-of-sample tests of forecasting accuracy, International Journal of Forecasting 16, 437–450 (rolling origin);
A. P. Dawid (1984), The prequential approach, Journal of the Royal Statistical Society A 147, 278–292.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sluss.problems import problem_of
from sluss.training.blas import one_blas_thread
from sluss.training.fitting import fit_weights
from sluss.training.search import search

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats
    from sluss.config.use_case import UseCase

# Of the newest rows, the first half is learned from at first, and each further part is scored and then learned from.
_MOST_ROWS = 50_000  # more would not change the verdict, but the time it takes
_PARTS = 4


def recipe_differences(
    rows: pd.DataFrame, challenger: tuple[UseCase, Pipeline], champion: tuple[UseCase, Pipeline]
) -> Floats:
    """Return the closeness of the challenger's recipe minus that of the champion's, unit by unit in order of time.

    Args:
        rows: the training rows in the order of their events.
        challenger: the config of its training, and the fitted pipeline, whose parameters are used.
        champion: the same.
    """
    import numpy as np

    found = []
    with one_blas_thread():
        for learned, scored in _origins(rows.tail(_MOST_ROWS), challenger[0]):
            judging = problem_of(challenger[0]).judging
            group = challenger[0].group
            groups = scored[group].to_numpy() if group else None
            close = [
                judging.closeness_by_unit(scored["label"].to_numpy(), _scores(*side, learned, scored), groups)
                for side in (challenger, champion)
            ]
            found.append(close[0] - close[1])
    return np.concatenate(found) if found else np.empty(0)


def _origins(rows: pd.DataFrame, use_case: UseCase) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield the rows to learn from and those to score, without groups that are on both sides."""
    start = len(rows) // 2
    bounds = [start + (len(rows) - start) * part // _PARTS for part in range(_PARTS + 1)]
    unlearnable = problem_of(use_case).judging.unlearnable
    for first, end in pairwise(bounds):
        learned, scored = rows.iloc[:first], rows.iloc[first:end]
        if use_case.group:
            scored = scored[~scored[use_case.group].isin(learned[use_case.group])]
        labels = learned["label"]
        if len(scored) and (labels != labels.iloc[0]).any() and unlearnable(labels.to_numpy()) is None:
            yield learned, scored


def _scores(use_case: UseCase, fitted: Pipeline, learned: pd.DataFrame, scored: pd.DataFrame) -> Floats:
    from sklearn.base import clone

    pipeline, features = clone(fitted), list(use_case.features)
    if use_case.training.search:
        # The parameters that were found on all rows know the rows to be scored.
        search(pipeline, use_case, use_case.training.search, learned)
    pipeline.fit(learned[features], learned["label"], **fit_weights(use_case, pipeline, learned))
    return problem_of(use_case).scoring.scores(pipeline, scored[features])
