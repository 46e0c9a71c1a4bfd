"""The rows of a smoke prediction: the newest curated ones, and some whose scores were recorded at training."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.errors import DataError, ModelError
from sluss.interval import parse_interval, partition
from sluss.registry import artifacts
from sluss.registry.artifacts import HOLDOUT_FILE
from sluss.registry.names import UNTIL_TAG
from sluss.registry.runs import run_of
from sluss.scoring.curated_rows import columns_to_score, rows_to_score
from sluss.storage.lake import INTERVAL, Lake
from sluss.storage.point_in_time import known_rows

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from mlflow.entities.model_registry import ModelVersion

    from sluss.config.use_case import UseCase
    from sluss.context import Context


def newest_rows(lake: Lake, use_case: UseCase) -> pa.RecordBatch | None:
    """Return some rows of the newest curated interval, as scoring reads them, or None without any."""
    newest = lake.newest("curated")
    rows = rows_to_score(lake, use_case, parse_interval(newest, use_case.unit)) if newest else None
    return next(rows.batches(use_case.deployment.smoke_rows), None) if rows else None


def holdout_rows(context: Context, version: ModelVersion, use_case: UseCase) -> tuple[pa.RecordBatch, np.ndarray]:
    """Return the last n rows of the version's holdout, as they were at its training, and their recorded scores: (n,).

    Raises:
        ModelError: the version's run does not record its rows.
        DataError: the rows were deleted.
    """
    import pandas as pd

    recorded = pd.read_parquet(artifacts.local_copy(context.settings, version) / HOLDOUT_FILE)
    recorded = recorded.tail(use_case.deployment.smoke_rows)
    rows = _as_trained(context, version, use_case, list(recorded["id"]))
    place = {row_id: number for number, row_id in enumerate(rows["id"].to_pylist())}
    if missing := set(recorded["id"]) - set(place):
        raise DataError(
            f"{counted(len(missing), 'row')} that {use_case.model} version {version.version} was judged on cannot be "
            f"found in the table {context.lake.uri('curated')} as it was at the training. Train again: "
            f"make train USE_CASE={use_case.name}."
        )
    in_order = rows.take([place[row_id] for row_id in recorded["id"]]).combine_chunks()
    return in_order.to_batches()[0], recorded["score"].to_numpy()


def _as_trained(context: Context, version: ModelVersion, use_case: UseCase, ids: list[str]) -> pa.Table:
    """Return the rows with these ids as they were known at training, from the table's version of that time."""
    import pyarrow.dataset as ds

    run = run_of(context, version).data
    if not {UNTIL_TAG, "sluss.data.version"} <= set(run.tags) or "holdout_days" not in run.params:
        raise ModelError(
            f"The run of {use_case.model} version {version.version} does not say which rows it was judged on, so its "
            f"scores cannot be compared. Train through the pipeline: make train USE_CASE={use_case.name}."
        )
    until = datetime.fromisoformat(run.tags[UNTIL_TAG])
    first = partition(until - timedelta(days=int(run.params["holdout_days"])), use_case.unit)
    # By time travel: a correction since the training would change the scores.
    curated = context.lake.dataset(
        "curated", int(run.tags["sluss.data.version"]), first=first, last=partition(until, use_case.unit)
    )
    assert curated is not None
    among = (ds.field(INTERVAL) >= first) & ds.field("id").isin(ids)
    return known_rows(curated, columns_to_score(use_case), until, among)
