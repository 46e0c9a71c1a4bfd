"""The receipt of a prediction: what made it, the row as known then, and the same score once more."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluss.errors import ModelError
from sluss.interval import parse_interval
from sluss.scoring.score import ROUNDING, score
from sluss.storage import table_log
from sluss.storage.lake import INTERVAL, Lake
from sluss.storage.point_in_time import ARRIVED, SUPERSEDED, known

if TYPE_CHECKING:
    import pyarrow as pa

    from sluss.config.use_case import UseCase
    from sluss.context import Context
    from sluss.lineage.graph import Graph
    from sluss.lineage.version_record import Provenance


@dataclass(frozen=True)
class Again:
    """The row scored once more by the version that scored it, or why that cannot be."""

    score: float | None
    recorded: float
    problem: str = ""

    @property
    def difference(self) -> float | None:
        """The score now less the recorded one."""
        return None if self.score is None else self.score - self.recorded

    @property
    def reproduced(self) -> bool:
        """The score is the same but for rounding."""
        return self.difference is not None and abs(self.difference) <= ROUNDING * max(abs(self.recorded), 1)

    def __str__(self) -> str:
        if self.difference is None:
            return f"Not reproduced: {self.problem}"
        if self.difference == 0:
            return f"Reproduced: the same version, its digest checked, gives the row the same score, {self.score!r}."
        if self.reproduced:
            return f"Reproduced but for rounding: the score is {self.score!r} now, {self.difference:+.1e} apart."
        return f"Not reproduced: the same version gives the row {self.score!r} now, {self.difference:+.6f} apart."


@dataclass(frozen=True)
class Receipt:
    """A prediction, what made it, and the proof. `row` is None where curated holds it no more."""

    prediction: dict[str, Any]
    row: dict[str, Any] | None
    features: dict[str, Any]
    corrections: int  # of the row, that arrived after its interval and were not used
    made_by: Graph
    again: Again


def explain(context: Context, row_id: str, interval: str | None = None) -> Receipt:
    """The receipt of a row's newest prediction, or the one of an interval.

    Raises:
        DataError: the row was never scored.
        ModelError: the version that scored it is not registered any more.
        ServiceError: the lake or MLflow does not answer.
    """
    from sluss.lineage import queries, version_record

    use_case = context.use_case
    lake = context.lake
    found = queries.predictions_of(lake, use_case, row_id, interval)
    version = version_record.of_version(context, found[0]["model_version"])
    made_by = queries.of_scored(lake, use_case, found, version)
    then, corrections = _as_known(lake, use_case, found[0])
    again = _score_again(context, version, (then, found[0]["score"]))
    row = then.to_pylist()[0] if then else None
    features = {name: row[name] for name in version.features} if row else {}
    return Receipt(found[0], row, features, corrections, made_by, again)


def _as_known(lake: Lake, use_case: UseCase, prediction: dict[str, Any]) -> tuple[pa.Table | None, int]:
    """The curated row as it was known at the end of the interval, and how many corrections arrived later."""
    rows = table_log.rows_with_id(lake, "curated", prediction["id"], prediction[INTERVAL])
    if rows is None:
        return None, 0
    end = parse_interval(prediction[INTERVAL], use_case.unit).end
    in_force = rows.filter(known(end)).drop_columns(SUPERSEDED)  # when it was superseded, nobody knew then
    return in_force or None, sum(arrived >= end for arrived in rows[ARRIVED].to_pylist())


def _score_again(context: Context, version: Provenance, scored: tuple[pa.Table | None, float]) -> Again:
    from sluss.registry import artifacts

    row, recorded = scored
    if row is None:
        return Again(None, recorded, "curated has no such row any more that was known when the interval ended.")
    try:
        model = artifacts.load(context.settings, version.registration)
    except ModelError as error:
        return Again(None, recorded, str(error))
    as_trained = context.use_case.model_copy(update={"features": version.features})
    return Again(score(model, as_trained, row.to_batches()[0]).column("score")[0].as_py(), recorded)


def as_json(receipt: Receipt) -> str:
    """The receipt as JSON; times in ISO 8601."""
    again = receipt.again
    whole = {
        "prediction": receipt.prediction,
        "row": receipt.row,
        "features": receipt.features,
        "later_corrections": receipt.corrections,
        "made_by": receipt.made_by.as_json(),
        "again": {
            "reproduced": again.reproduced,
            "score": again.score,
            "difference": again.difference,
            "says": str(again),
        },
    }
    return json.dumps(whole, indent=2, ensure_ascii=False, default=lambda moment: moment.isoformat())
