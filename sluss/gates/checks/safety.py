"""The gate `safety`: loading the model runs no foreign code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.gates.result import GateResult
from sluss.registry.trusted_types import untrusted_types

if TYPE_CHECKING:
    from pathlib import Path

    from sluss.gates.evidence import Evidence

_PICKLES = {".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".pt", ".pth"}
_CODE = {".py", ".pyc", ".so"}
_PROTOCOLS = {bytes([0x80, protocol]) for protocol in range(2, 6)}  # how a pickle begins


def safety(evidence: Evidence) -> GateResult:
    """Pass if it loads without pickle, has only trusted types, and its artifacts contain neither pickles nor code."""
    if unknown := untrusted_types(evidence.model_file):
        sentence = (
            f"It holds types that are not trusted: {', '.join(unknown)}. Use other classes, or add the type to "
            "sluss/registry/trusted_types.py after reading its code."
        )
        return GateResult("safety", sentence, passed=False)
    if unsafe := sorted(path.name for path in evidence.folder.rglob("*") if path.is_file() and _unsafe(path)):
        sentence = f"Its artifacts contain files that can run code when they are loaded: {', '.join(unsafe)}."
        return GateResult("safety", sentence, passed=False)
    # Loaded only here, after the types were checked: loading is the dangerous part.
    steps = [name for name, _ in evidence.pipeline.steps] if hasattr(evidence.pipeline, "steps") else []
    sentence = f"It loads without pickle ({' → '.join(steps) or type(evidence.pipeline).__name__}), all types trusted."
    return GateResult("safety", sentence, passed=True)


def _unsafe(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix in _PICKLES | _CODE or file.read(2) in _PROTOCOLS
