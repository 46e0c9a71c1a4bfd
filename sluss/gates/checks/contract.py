"""The gate `contract`: the present config gives the scores the meaning of the training, and no limit was loosened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.gates.result import GateResult
from sluss.registry.contract import LIMITS, changed_meaning, contract_of, loosened, named_leaks

if TYPE_CHECKING:
    from sluss.gates.evidence import Evidence


def contract(evidence: Evidence) -> GateResult:
    """Pass if classes, target and quantiles are those of the training, and every limit is at least as strict."""
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
    else:
        sentence = "The config gives its scores the meaning that they had at its training, and no limit is looser."
        if named := named_leaks(trained[LIMITS], now[LIMITS]):
            sentence += f" Leaks that the config names since then, each with the reason: {', '.join(named)}."
    return GateResult("contract", sentence, passed=not changed and not looser)
