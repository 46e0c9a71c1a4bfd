"""The gate `identity`: the stored files are, byte for byte, the registered ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.digests import artifact_digest
from sluss.gates.result import GateResult
from sluss.registry.artifacts import check_digest

if TYPE_CHECKING:
    from sluss.gates.evidence import Evidence


def identity(evidence: Evidence) -> GateResult:
    """Pass if the artifacts in the store have the digest recorded at registration."""
    folder = evidence.stored
    digest = artifact_digest(folder)
    check_digest(evidence.version, digest)
    files = sum(path.is_file() for path in folder.rglob("*"))
    sentence = (
        f"Its {counted(files, 'artifact')} in the store {'has' if files == 1 else 'have'} the recorded digest "
        f"{digest[:12]}."
    )
    return GateResult("identity", sentence, passed=True, figures={"files": float(files)})
