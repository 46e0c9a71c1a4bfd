"""Does the registered model hold all of its preprocessing?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.errors import ModelError
from sluss.gates.result import GateResult
from sluss.scoring.score import apart

if TYPE_CHECKING:
    from sluss.gates.evidence import Evidence

_TOLERANCE = 1e-12  # what another order of the same sums may make of a score, as a part of it where it is above 1
_CURE = "The preprocessing was left in the notebook: register one pipeline that leads from raw rows to predictions."


def preprocessing(evidence: Evidence) -> GateResult:
    """In a fresh process, given raw rows, it returns the very predictions recorded at training."""
    recorded, raw = evidence.judged, evidence.rows.holdout
    if not evidence.fresh.asked:
        evidence.fresh.ask(evidence.model_file, evidence.raw, evidence.problem.method)
    try:
        scores = evidence.fresh.scores()
    except ModelError as error:
        sentence = f"In a fresh process it cannot make anything of raw rows ({error}). {_CURE}"
        return GateResult("preprocessing", sentence, passed=False)
    if list(recorded["id"]) != list(raw["id"]):
        sentence = "The predictions recorded at training are of other rows, so they cannot be compared."
        return GateResult("preprocessing", sentence, passed=False)
    differences = apart(scores, recorded["score"].to_numpy())
    largest, changed = float(differences.max()), int((~(differences <= _TOLERANCE)).sum())
    figures = {"largest_difference": largest, "rows": float(len(scores))}
    if changed:
        sentence = (
            f"Given raw rows in a fresh process, {changed:,} of {len(scores):,} predictions differ from those recorded "
            f"at training, by up to {largest:.3f}. {_CURE}"
        )
        return GateResult("preprocessing", sentence, passed=False, figures=figures)
    sentence = (
        f"Given {len(scores):,} raw rows in a fresh process, it returns the predictions recorded at training "
        f"(largest difference {largest:.1g})."
    )
    return GateResult("preprocessing", sentence, passed=True, figures=figures)
