"""Print one prediction's receipt: what made it, the row as known then, and whether the score comes out again."""

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.batch_predict import ROUNDING, score
from tasks.shared.cli import parser, run_step
from tasks.shared.errors import ModelError
from tasks.shared.interval import parse_interval
from tasks.shared.settings import Settings
from tasks.shared.use_case import UseCase
from tasks.show_lineage import show as show_lineage
from tasks.storage import lookup
from tasks.storage.lake import INTERVAL, Lake
from tasks.storage.point_in_time import ARRIVED, SUPERSEDED, known

if TYPE_CHECKING:
    import pyarrow as pa

    from tasks.hub.graph import Graph
    from tasks.hub.provenance import Provenance


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
    made_by: "Graph"
    again: Again


def run(settings: Settings, use_case: UseCase, row_id: str, interval: str | None = None) -> Receipt:
    """The receipt of a row's newest prediction, or the one of an interval.

    Raises:
        DataError: the row was never scored.
        ModelError: the version that scored it is not registered any more.
        ServiceError: the lake or MLflow does not answer.
    """
    from tasks.hub import lineage, provenance

    lake = Lake(settings, use_case.name)
    found = lineage.predictions_of(lake, use_case, row_id, interval)
    version = provenance.of_version(settings, use_case, found[0]["model_version"])
    made_by = lineage.of_scored(lake, use_case, found, version)
    then, corrections = _as_known(lake, use_case, found[0])
    again = _score_again(settings, use_case, version, (then, found[0]["score"]))
    row = then.to_pylist()[0] if then else None
    features = {name: row[name] for name in version.features} if row else {}
    return Receipt(found[0], row, features, corrections, made_by, again)


def _as_known(lake: Lake, use_case: UseCase, prediction: dict[str, Any]) -> "tuple[pa.Table | None, int]":
    """The curated row as it was known at the end of the interval, and how many corrections arrived later."""
    rows = lookup.rows_with_id(lake, "curated", prediction["id"], prediction[INTERVAL])
    if rows is None:
        return None, 0
    end = parse_interval(prediction[INTERVAL], use_case.unit).end
    in_force = rows.filter(known(end)).drop_columns(SUPERSEDED)  # when it was superseded, nobody knew then
    return in_force or None, sum(arrived >= end for arrived in rows[ARRIVED].to_pylist())


def _score_again(
    settings: Settings, use_case: UseCase, version: "Provenance", scored: "tuple[pa.Table | None, float]"
) -> Again:
    from tasks.hub import registry

    row, recorded = scored
    if row is None:
        return Again(None, recorded, "curated has no such row any more that was known when the interval ended.")
    try:
        model = registry.load(settings, version.registration)
    except ModelError as error:
        return Again(None, recorded, str(error))
    as_trained = use_case.model_copy(update={"features": version.features})
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


def show(receipt: Receipt) -> None:
    """Print what made the prediction, with the row's values, and whether the score comes out again."""
    from rich.console import Console
    from rich.markup import escape

    shown = receipt.made_by.nodes[f"row {receipt.prediction['id']}"].facts
    for name, value in (receipt.row or {}).items():
        shown[f"{name} (feature)" if name in receipt.features else name] = str(value)
    if receipt.corrections:
        shown["corrected since"] = f"{receipt.corrections} times, after the interval's end: not used"
    show_lineage(receipt.made_by)
    verdict = f"[{'green' if receipt.again.reproduced else 'red'}]{escape(str(receipt.again))}"
    Console(highlight=False).print(verdict, soft_wrap=True)


def main() -> None:
    """Parse, explain and print; exit code 1 when the score does not come out again."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--id", required=True, help="id of the row")
    arguments.add_argument("--interval", help="the prediction of this interval, e.g. 2026-01-05; by default the newest")
    arguments.add_argument("--json", action="store_true", help="print the receipt as JSON")
    given = arguments.parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        receipt = run(settings, use_case, given.id, given.interval)
        print(as_json(receipt)) if given.json else show(receipt)
        sys.exit(0 if receipt.again.reproduced else 1)

    run_step(given, step, opens_model=True)


if __name__ == "__main__":
    main()
