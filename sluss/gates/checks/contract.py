"""The gate `contract`: config and holdout give the scores the meaning of the training, and no limit was loosened."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from sluss.gates.result import GateResult
from sluss.registry.artifacts import FOUND_FILE
from sluss.registry.contract import LIMITS, changed_meaning, contract_of, loosened, named_leaks

if TYPE_CHECKING:
    from sluss.gates.evidence import Evidence


def contract(evidence: Evidence) -> GateResult:
    """Pass if classes, target and quantiles are those of the training, and every limit is at least as strict.

    Values that the config leaves to the holdout, such as a threshold, must be those that it gives.
    """
    use_case = evidence.use_case
    trained, now = contract_of(evidence.known.use_case), contract_of(use_case)
    changed = changed_meaning(use_case, trained)
    looser = loosened(trained[LIMITS], now[LIMITS])
    if changed:
        sentence = (
            f"config/{use_case.name}.yaml has another {' and '.join(changed)} than at its training, so its scores "
            "would be read wrongly. Set the config back, or train again."
        )
    elif looser:
        sentence = (
            f"Limits are looser than at its training: {', '.join(looser)}. If that is intended, train again, so that "
            f"its record holds the new limits: make train USE_CASE={use_case.name}."
        )
    elif wrong := _other_values(evidence):
        return GateResult("contract", wrong, passed=False)
    else:
        sentence = "The config gives its scores the meaning that they had at its training, and no limit is looser."
        if named := named_leaks(trained[LIMITS], now[LIMITS]):
            sentence += f" Leaks that the config names since then, each with the reason: {', '.join(named)}."
    return GateResult("contract", sentence, passed=not changed and not looser)


def _other_values(evidence: Evidence) -> str | None:
    """Return why the values that the config leaves to the holdout are not those that it gives, or None."""
    use_case, recorded = evidence.use_case, evidence.known.use_case.found_on_holdout
    if not use_case.asks_the_holdout:
        return None
    again = f"Train it through the pipeline: make train USE_CASE={use_case.name}."
    if not recorded:
        return (
            f"Its artifacts have no {FOUND_FILE}, so it is unknown from which score on a row raises an alert. {again}"
        )
    given = evidence.problem.judging.by_holdout(evidence.rows.holdout, evidence.scores).found_on_holdout
    if given == recorded:
        return None
    shown = ", ".join(f"{name} {value:.6g}, not {recorded.get(name, inf):.6g}" for name, value in given.items())
    return f"Its holdout gives the {shown} as in its artifacts. {again}"
