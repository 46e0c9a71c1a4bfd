"""Score an interval's curated rows with the champion, in constant memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.errors import DataError
from sluss.interval import Interval, partitions
from sluss.scoring.rows import rows_to_score
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

# A call costs scikit-learn 2 ms whatever it gets; more rows at a time take more memory and no less time.
BATCH_ROWS = 16_384


@dataclass(frozen=True)
class Predictions:
    """How many rows were scored, and by which version."""

    rows: int
    version: str
    run_id: str


def score_interval(context: Context, interval: Interval) -> Predictions:
    """Replace the interval's predictions by the champion's, from the rows as they were known at the interval's end.

    The model is found by its registered name and alias, and loaded only if it is the very one that was validated. An
    interval that runs late is scored by the champion that knew nothing of it.

    Raises:
        DataError: the interval has no curated rows.
        ModelError: there is no champion, or its artifacts were changed.
        ServiceError: the lake or MLflow does not answer.
    """
    from sluss.registry import artifacts
    from sluss.registry.champion_for import champion_for

    use_case = context.use_case
    first, end = partitions(interval, use_case.unit)
    with ThreadPoolExecutor(1) as beside:  # while the one store answers, the other can work
        loaded = beside.submit(lambda: artifacts.load(context.settings, champion_for(context, context.lake, interval)))
        lake = context.lake.holding("curated", "predictions")
        rows, model = _rows(lake, use_case, interval), loaded.result()
    notes = {SCORED_FROM: str(lake.version("curated"))}
    counts: list[int] = []
    lake.replace("predictions", lambda: _scored(rows, use_case, model, counts), first, end, notes)
    return Predictions(sum(counts), model.version, model.run_id)


def _rows(lake: Lake, use_case: UseCase, interval: Interval) -> RowGroups:
    rows = rows_to_score(lake, use_case, interval)
    if rows is None or rows.is_empty:
        raise DataError(
            f"The interval {interval} of {use_case.name} has no curated rows, so there is nothing to score. "
            f"Curate it first: make data USE_CASE={use_case.name} INTERVAL={partitions(interval, use_case.unit)[0]}."
        )
    return rows


def _scored(rows: RowGroups, use_case: UseCase, model: LoadedModel, counts: list[int]) -> pa.RecordBatchReader:
    """The predictions as a stream: no more than one batch is held at a time. `counts` gets the size of each."""
    import pyarrow as pa

    counts.clear()  # a lost race begins anew

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows.batches(BATCH_ROWS):
            counts.append(batch.num_rows)
            yield score(model, use_case, batch)

    return pa.RecordBatchReader.from_batches(score(model, use_case, rows.empty()).schema, batches())
