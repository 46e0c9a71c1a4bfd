"""Score an interval's curated rows with the champion, in constant memory."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.shared.cli import chosen_interval, interval_parser, run_step
from tasks.shared.errors import DataError
from tasks.shared.interval import Interval, partitions
from tasks.shared.settings import Settings
from tasks.shared.use_case import UseCase
from tasks.storage.lake import INTERVAL, Lake
from tasks.storage.lookup import SCORED_FROM
from tasks.storage.pieces import Pieces, pieces
from tasks.storage.point_in_time import known

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import pyarrow as pa

    from tasks.hub.registry import LoadedModel
    from tasks.kinds.kind import Floats

# A call costs scikit-learn 2 ms whatever it gets; more rows at a time take more memory and no less time.
BATCH_ROWS = 16_384
# How far two scores of the same row may be apart, as a part of it where it is above 1: rows are multiplied in another
# order when others stand beside them.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Predictions:
    """How many rows were scored, and by which version."""

    rows: int
    version: str
    run_id: str


def run(settings: Settings, use_case: UseCase, interval: Interval) -> Predictions:
    """Replace the interval's predictions by the champion's, from the rows as they were known at the interval's end.

    The model is found by its registered name and alias, and loaded only if it is the very one that was validated. An
    interval that runs late is scored by the champion that knew nothing of it.

    Raises:
        DataError: the interval has no curated rows.
        ModelError: there is no champion, or its artifacts were changed.
        ServiceError: the lake or MLflow does not answer.
    """
    from tasks.hub import registry
    from tasks.hub.champions import champion_for

    lake = Lake(settings, use_case.name)
    first, end = partitions(interval, use_case.unit)
    with ThreadPoolExecutor(1) as beside:  # while the one store answers, the other can work
        loaded = beside.submit(lambda: registry.load(settings, champion_for(settings, use_case, lake, interval)))
        lake.hold("curated", "predictions")
        rows, model = _rows(lake, use_case, interval), loaded.result()
    notes = {SCORED_FROM: str(lake.version("curated"))}
    counts: list[int] = []
    lake.replace("predictions", lambda: _scored(rows, use_case, model, counts), first, end, notes)
    return Predictions(sum(counts), model.version, model.run_id)


def _rows(lake: Lake, use_case: UseCase, interval: Interval) -> Pieces:
    rows = rows_to_score(lake, use_case, interval)
    if rows is None or rows.is_empty:
        raise DataError(
            f"The interval {interval} of {use_case.name} has no curated rows, so there is nothing to score. "
            f"Curate it first: make data USE_CASE={use_case.name} INTERVAL={partitions(interval, use_case.unit)[0]}."
        )
    return rows


def rows_to_score(lake: Lake, use_case: UseCase, interval: Interval) -> Pieces | None:
    """The interval's curated rows as they were known at its end, or None where nothing was ever curated."""
    span = partitions(interval, use_case.unit)
    curated = lake.dataset("curated", first=span[0], last=span[1])
    return None if curated is None else pieces(curated, columns_to_score(use_case), span, known(interval.end))


def columns_to_score(use_case: UseCase) -> list[str]:
    """What `score` reads of a row."""
    return list(dict.fromkeys([INTERVAL, "id", "event_time", *use_case.features]))


def _scored(rows: Pieces, use_case: UseCase, model: "LoadedModel", counts: list[int]) -> "pa.RecordBatchReader":
    """The predictions as a stream: no more than one batch is held at a time. `counts` gets the size of each."""
    import pyarrow as pa

    counts.clear()  # a lost race begins anew

    def batches() -> "Iterator[pa.RecordBatch]":
        for batch in rows.batches(BATCH_ROWS):
            counts.append(batch.num_rows)
            yield score(model, use_case, batch)

    return pa.RecordBatchReader.from_batches(score(model, use_case, rows.none()).schema, batches())


def score(model: "LoadedModel", use_case: UseCase, rows: "pa.RecordBatch") -> "pa.RecordBatch":
    """Predictions for raw curated rows.

    Args:
        model: a loaded version.
        use_case: names the features.
        rows: n rows with `interval`, `id`, `event_time` and the features.

    Returns:
        n rows: the first three columns, `score`, `model_version` and `run_id`. A classifier's score is the probability
        of the second class, in [0, 1]; `prediction` (0 or 1) and `confidence` (probability of the predicted class, in
        [0.5, 1]) come after it. A regressor's is the predicted number.
    """
    import numpy as np
    import pyarrow as pa

    from tasks.kinds import kind_of

    kind = kind_of(use_case)
    features = _as_pandas(rows.select(list(use_case.features)))
    scores = kind.scores(model.pipeline, features) if len(features) else np.empty(0)
    columns = {name: rows.column(name) for name in (INTERVAL, "id", "event_time")} | {
        "score": pa.array(scores, pa.float64()),
        **kind.predictions(scores),
        "model_version": pa.repeat(model.version, len(scores)),
        "run_id": pa.repeat(model.run_id, len(scores)),
    }
    return pa.RecordBatch.from_pydict(columns)


def _as_pandas(rows: "pa.RecordBatch") -> "pd.DataFrame":
    """Columns of pandas' types; texts as plain objects, missing ones as NaN.

    A vectorizer takes texts one by one, for which pandas' own types of text make or look up each again.
    """
    import pandas as pd

    frame: pd.DataFrame = rows.to_pandas()
    texts = [name for name, dtype in frame.dtypes.items() if isinstance(dtype, pd.StringDtype)]
    return frame.astype(dict.fromkeys(texts, object))


def apart(scores: "Floats", recorded: "Floats") -> "Floats":
    """How far scores are from recorded ones, shape (n,): as a part of the recorded one where it is above 1."""
    import numpy as np

    distances: Floats = np.abs(scores - recorded) / np.maximum(np.abs(recorded), 1)
    return distances


def main() -> None:
    """Parse, score and print."""
    arguments = interval_parser(__doc__ or "").parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        interval = chosen_interval(arguments, use_case)
        scored = run(settings, use_case, interval)
        print(f"{scored.rows} rows of {interval} scored by {use_case.model} version {scored.version}.")

    run_step(arguments, step, opens_model=True)


if __name__ == "__main__":
    main()
