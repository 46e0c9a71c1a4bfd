"""Score an interval's curated rows with the champion, in constant memory."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.disk import full_disk
from sluss.errors import DataError, LostModelError, QuietError
from sluss.interval import Interval, partitions
from sluss.registry import artifacts
from sluss.registry.champion_for import champions_for
from sluss.scoring.curated_rows import rows_to_score
from sluss.scoring.score import score
from sluss.storage.table_log import SCORED_FROM

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from sluss.config.use_case import UseCase
    from sluss.context import Context
    from sluss.registry.artifacts import LoadedModel
    from sluss.storage.lake import Lake
    from sluss.storage.row_groups import RowGroups

_LOG = logging.getLogger(__name__)
# A call of scikit-learn costs 2 ms for any number of rows. Larger batches take more memory and save no time.
BATCH_ROWS = 16_384


@dataclass(frozen=True)
class Predictions:
    """The number of scored rows, and the version that scored them."""

    rows: int
    version: str
    run_id: str


def score_interval(context: Context, interval: Interval) -> Predictions:
    """Score the interval's rows, as they were known at its end, with the champion, and replace its predictions.

    The ledger names the model, and it is loaded only if its digest is the validated one. A late interval is scored by a
    champion that was not trained on it, if its artifacts are there.

    Raises:
        DataError: the interval has no curated rows, or the ledger was changed by other means.
        ModelError: no version is the champion, its artifacts were changed, the config gives its scores another meaning,
            or the predictions that are there are of a version that is lost.
        ServiceError: the lake or MLflow does not answer.
    """

    use_case = context.use_case
    first, end = partitions(interval, use_case.unit)
    with ThreadPoolExecutor(1) as pool:  # MLflow and the lake answer in parallel
        loaded = pool.submit(_model, context, interval)
        # One version of `curated` for all batches, and the same one in the commit's notes.
        lake = context.lake.holding("curated", "predictions")
        model = loaded.result()
        use_case = model.as_trained(use_case)
        rows = _rows(lake, use_case, interval)
    notes = {SCORED_FROM: str(lake.version("curated"))}
    counts: list[int] = []
    lake.replace("predictions", lambda: _scored(rows, use_case, model, counts), first, end, notes)
    return Predictions(sum(counts), model.version, model.run_id)


def _model(context: Context, interval: Interval) -> LoadedModel:
    """Load the version that scores the interval, or the one after it where its artifacts are lost.

    Raises:
        ModelError: they are lost, and the interval has predictions that a stand-in must not replace.
    """
    *before, champion = champions_for(context, interval)
    for version in before:
        try:
            return artifacts.load(context.settings, version)
        except LostModelError as error:
            if full := full_disk(error):
                raise full from error
            _check_not_scored(context, interval, error)
            _LOG.warning(
                "%s The next version scores %s instead. It has learned from labels that came later, so that its metric "
                "there flatters it.", error.fault, interval,
            )  # fmt: skip
    return artifacts.load(context.settings, champion)


def _check_not_scored(context: Context, interval: Interval, error: LostModelError) -> None:
    first, end = partitions(interval, context.use_case.unit)
    if any(first <= each < end for each in context.lake.partitions("predictions")):
        raise LostModelError(
            error.fault,
            f"The predictions of {interval} stay as they are: a newer version has learned from its rows, and would "
            "only flatter itself there. To score it again, restore the artifact store from a backup first.",
        ) from error


def _rows(lake: Lake, use_case: UseCase, interval: Interval) -> RowGroups:
    rows = rows_to_score(lake, use_case, interval)
    if rows is not None and rows.is_empty and use_case.curation.min_rows == 0:
        raise QuietError(
            f"The interval {interval} of {use_case.name} has no rows, which curation.min_rows: 0 allows, so there is "
            "nothing to score."
        )
    if rows is None or rows.is_empty:
        raise DataError(
            f"The interval {interval} of {use_case.name} has no curated rows, so there is nothing to score. "
            f"Curate it first: make data USE_CASE={use_case.name} INTERVAL={partitions(interval, use_case.unit)[0]}."
        )
    return rows


def _scored(rows: RowGroups, use_case: UseCase, model: LoadedModel, counts: list[int]) -> pa.RecordBatchReader:
    """Return the predictions as a stream with one batch in memory at a time; append the size of each to `counts`."""
    import pyarrow as pa

    counts.clear()  # a lost race begins anew

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows.batches(BATCH_ROWS):
            counts.append(batch.num_rows)
            yield score(model, use_case, batch)

    return pa.RecordBatchReader.from_batches(score(model, use_case, rows.empty()).schema, batches())
