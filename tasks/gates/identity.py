"""Is it, byte for byte, the model that was registered?"""

from tasks.gates.candidate import Candidate
from tasks.gates.result import GateResult
from tasks.hub.identity import artifact_digest
from tasks.hub.registry import check_digest


def identity(candidate: Candidate) -> GateResult:
    """Every artifact that the store holds now has the bytes recorded at registration."""
    folder = candidate.stored
    digest = artifact_digest(folder)
    check_digest(candidate.version, digest)
    files = sum(path.is_file() for path in folder.rglob("*"))
    sentence = f"Its {files} artifacts in the store have the recorded digest {digest[:12]}."
    return GateResult("identity", sentence, passed=True, figures={"files": float(files)})
