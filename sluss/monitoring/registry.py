"""The condition `registry_mismatch`: the ledger, MLflow's registry and the config name one champion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.problems.condition import Condition
from sluss.registry.mismatch import mismatches, repair_helps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.context import Context
    from sluss.registry.entry import Entry

TYPE = "registry_mismatch"


def registry_mismatch(context: Context, entries: Sequence[Entry]) -> Condition:
    """Compare the ledger's entries with the other stores as they are now, not as they were at the interval's end.

    Raises:
        ServiceError: the lake or MLflow does not answer.
    """
    found = mismatches(context, entries)
    if not found:
        return Condition(TYPE, "clear", "critical", {}, "The ledger, MLflow and the config name one champion.")
    suffix = f"USE_CASE={context.use_case.name}"
    message = f"{' '.join(found)} Look at it: make history {suffix}."
    if repair_helps(found, entries):
        message = f"{' '.join(found)} Look at it (make history {suffix}) and mend it: make repair {suffix}."
    return Condition(TYPE, "breached", "critical", {"mismatches": found}, message)
