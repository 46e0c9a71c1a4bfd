"""The gate `preprocessing`: the registered model contains all of its preprocessing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.errors import ModelError
from sluss.gates.result import GateResult
from sluss.scoring.score import relative_differences

if TYPE_CHECKING:
    from sluss.gates.evidence import Evidence

# Largest accepted difference between two scores, relative for scores above 1: another order of the same sums causes it.
_TOLERANCE = 1e-12
_CURE = "The preprocessing was left in the notebook: register one pipeline that leads from raw rows to predictions."


def preprocessing(evidence: Evidence) -> GateResult:
    """Pass if it returns the predictions recorded at training, given raw rows in a clean process.

    In this process the check would prove little: a transformer, a variable or a module that only the training has would
    still be importable here. The clean process has the installed packages and the model, like production.
    """
    recorded, raw = evidence.judged, evidence.rows.holdout
    if not evidence.process.asked:
        evidence.process.ask(evidence.model_file, evidence.raw, evidence.problem.scoring.method)
    try:
        scores = evidence.problem.scoring.of_output(evidence.pipeline, evidence.process.output())
    except ModelError as error:
        sentence = f"In a clean process it cannot score raw rows ({error}). {_CURE}"
        return GateResult("preprocessing", sentence, passed=False)
    if wrong := evidence.problem.scoring.wrong(scores):
        sentence = f"In a clean process, its predictions of raw rows are {wrong} (such as NaN). {_CURE}"
        return GateResult("preprocessing", sentence, passed=False)
    if list(recorded["id"]) != list(raw["id"]):
        sentence = "The predictions recorded at training are of other rows, so they cannot be compared."
        return GateResult("preprocessing", sentence, passed=False)
    differences = relative_differences(scores, evidence.scores)
    largest, changed = float(differences.max()), int((~(differences <= _TOLERANCE)).sum())
    figures = {"largest_difference": largest, "rows": float(len(scores))}
    if changed:
        sentence = (
            f"Given raw rows in a clean process, {changed:,} of "
            f"{counted(len(scores), 'prediction', 'differs', 'differ')} from those recorded at training, by up to "
            f"{largest:.3f}. {_CURE}"
        )
        return GateResult("preprocessing", sentence, passed=False, figures=figures)
    sentence = (
        f"Given {counted(len(scores), 'raw row')} in a clean process, it returns the predictions recorded at training "
        f"(largest difference {largest:.1g})."
    )
    return GateResult("preprocessing", sentence, passed=True, figures=figures)
