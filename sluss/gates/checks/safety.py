"""The gate `safety`: loading the model runs no foreign code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.gates.pickles import links_in, unsafe_files
from sluss.gates.result import GateResult
from sluss.registry.artifacts import store_of
from sluss.registry.trusted_types import untrusted_types

if TYPE_CHECKING:
    from sluss.gates.evidence import Evidence

_SHOWN = 5


def safety(evidence: Evidence) -> GateResult:
    """Pass if it loads without pickle, has only trusted types, and its artifacts contain neither pickles nor code."""
    if links := links_in(store_of(evidence.context, evidence.version)):
        sentence = (
            f"Its artifacts in the store contain links: {', '.join(links[:_SHOWN])}. A link can lead to other files at "
            f"any time. Restore the files, or train again: make train USE_CASE={evidence.use_case.name}."
        )
        return GateResult("safety", sentence, passed=False)
    if unknown := untrusted_types(evidence.model_file):
        sentence = (
            f"It holds types that are not trusted: {', '.join(unknown)}. Use other classes, or add the type to "
            "sluss/registry/trusted_types.py after reading its code."
        )
        return GateResult("safety", sentence, passed=False)
    if unsafe := unsafe_files(evidence.folder):
        sentence = (
            f"Its artifacts contain files that can run code when they are loaded: {', '.join(unsafe[:_SHOWN])}. "
            f"Train it through the pipeline, which stores no such file: make train USE_CASE={evidence.use_case.name}."
        )
        return GateResult("safety", sentence, passed=False)
    # Loaded only here, after the types were checked: loading is the dangerous part.
    steps = [name for name, _ in evidence.pipeline.steps] if hasattr(evidence.pipeline, "steps") else []
    sentence = f"It loads without pickle ({' → '.join(steps) or type(evidence.pipeline).__name__}), all types trusted."
    return GateResult("safety", sentence, passed=True)
