"""The receipt of a prediction: its upstream, the row as it was known, and the score computed again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluss.errors import ModelError
from sluss.interval import parse_interval
from sluss.lineage import queries, version_record
from sluss.registry import artifacts
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
class ScoreCheck:
    """The row's score, computed again by the version that scored it; or the problem that prevents it."""

    score: float | None
    recorded: float
    problem: str = ""

    @property
    def difference(self) -> float | None:
        """The new score minus the recorded one."""
        return None if self.score is None else self.score - self.recorded

    @property
    def reproduced(self) -> bool:
        """Whether both scores are equal but for rounding."""
        return self.difference is not None and abs(self.difference) <= ROUNDING * max(abs(self.recorded), 1)

    def __str__(self) -> str:
        if self.difference is None:
            return f"Not reproduced: {self.problem}"
        if self.difference == 0:
            return f"Reproduced: the same version, its digest checked, gives the row the same score, {self.score!r}."
        if self.reproduced:
            return f"Reproduced but for rounding: the score is now {self.score!r} ({self.difference:+.1e})."
        return f"Not reproduced: the same version now gives the row {self.score!r} ({self.difference:+.6f})."


@dataclass(frozen=True)
class Receipt:
    """A prediction, its upstream, and its reproduction. `row` is None if `curated` does not hold it any more."""

    prediction: dict[str, Any]
    row: dict[str, Any] | None
    features: dict[str, Any]
    corrections: int  # of the row; they arrived after its interval and were not used
    made_by: Graph
    again: ScoreCheck


def explain(context: Context, row_id: str, interval: str | None = None) -> Receipt:
    """Return the receipt of a row's newest prediction, or of the one in an interval.

    Raises:
        DataError: the row was never scored.
        ModelError: the version that scored it is not registered any more.
        ServiceError: the lake or MLflow does not answer.
    """

    use_case = context.use_case
    lake = context.lake
    found = queries.predictions_of(lake, use_case, row_id, interval)
    version = version_record.of_version(context, found[0]["model_version"], found[0]["run_id"])
    made_by = queries.of_scored(lake, use_case, found, version)
    then, corrections = _as_known(lake, use_case, found[0])
    again = _score_again(context, version, (then, found[0]["score"]))
    row = then.to_pylist()[0] if then else None
    features = {name: row[name] for name in version.features} if row else {}
    return Receipt(found[0], row, features, corrections, made_by, again)


def _as_known(lake: Lake, use_case: UseCase, prediction: dict[str, Any]) -> tuple[pa.Table | None, int]:
    """Return the curated row as it was known at the end of the interval, and the number of later corrections."""
    rows = table_log.rows_with_id(lake, "curated", prediction["id"], prediction[INTERVAL])
    if rows is None:
        return None, 0
    end = parse_interval(prediction[INTERVAL], use_case.unit).end
    in_force = rows.filter(known(end)).drop_columns(SUPERSEDED)  # not known at that time
    return in_force or None, sum(arrived >= end for arrived in rows[ARRIVED].to_pylist())


def _score_again(context: Context, version: Provenance, scored: tuple[pa.Table | None, float]) -> ScoreCheck:

    row, recorded = scored
    if row is None:
        message = "curated no longer has a row with this id that was known when the interval ended."
        return ScoreCheck(None, recorded, message)
    try:
        model = artifacts.load(context.settings, version.registration)
    except ModelError as error:
        return ScoreCheck(None, recorded, str(error))
    # The version's own features: the config may have changed since.
    as_trained = context.use_case.model_copy(update={"features": version.features})
    return ScoreCheck(score(model, as_trained, row.to_batches()[0]).column("score")[0].as_py(), recorded)


def as_json(receipt: Receipt) -> str:
    """Return the receipt as JSON, times in ISO 8601."""
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
            "message": str(again),
        },
    }
    return json.dumps(whole, indent=2, ensure_ascii=False, default=lambda moment: moment.isoformat())
