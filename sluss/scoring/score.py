"""Scores of raw rows: the same code for batch, smoke predictions and receipts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.problems import problem_of
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from sluss.arrays import Floats
    from sluss.config.use_case import UseCase
    from sluss.registry.artifacts import LoadedModel

# Accepted difference between two scores of one row, relative for scores above 1: in a batch, BLAS adds up in another
# order.
ROUNDING = 1e-9


def score(model: LoadedModel, use_case: UseCase, rows: pa.RecordBatch) -> pa.RecordBatch:
    """Score raw curated rows.

    Args:
        model: a loaded version.
        use_case: the kind of problem, and the features of a model that does not record its own.
        rows: n rows with `interval`, `id`, `event_time` and the features.

    Returns:
        n rows: the first three columns, `score`, `model_version` and `run_id`. A classifier's score is the probability
        of the second class, in [0, 1]; `prediction` (0 or 1) and `confidence` (probability of the predicted class, in
        [0.5, 1]) come after it. A regressor's is the predicted number.
    """
    import pyarrow as pa

    scoring = problem_of(use_case).scoring
    features = _as_pandas(rows.select(list(model.as_trained(use_case).features)))
    scores = scoring.scores(model.pipeline, features) if len(features) else scoring.none()
    columns = {name: rows.column(name) for name in (INTERVAL, "id", "event_time")} | {
        **scoring.columns(scores),
        "model_version": pa.repeat(model.version, len(scores)),
        "run_id": pa.repeat(model.run_id, len(scores)),
    }
    return pa.RecordBatch.from_pydict(columns)


def _as_pandas(rows: pa.RecordBatch) -> pd.DataFrame:
    """Convert to pandas; texts become plain objects, missing ones NaN.

    A vectoriser iterates over single texts, and pandas' text types create or look up an object for each.
    """
    import pandas as pd

    frame: pd.DataFrame = rows.to_pandas()
    texts = [name for name, dtype in frame.dtypes.items() if isinstance(dtype, pd.StringDtype)]
    return frame.astype(dict.fromkeys(texts, object))


def relative_differences(scores: Floats, recorded: Floats) -> Floats:
    """Return the absolute differences from recorded scores, shape (n,), relative for recorded scores above 1."""
    import numpy as np

    distances: Floats = np.abs(scores - recorded) / np.maximum(np.abs(recorded), 1)
    return distances if distances.ndim == 1 else distances.max(axis=1)
