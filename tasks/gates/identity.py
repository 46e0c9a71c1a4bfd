"""Is it the model that was registered, and can it be loaded without trusting it?"""

from typing import TYPE_CHECKING

from tasks.gates.result import GateResult
from tasks.hub import registry
from tasks.shared.errors import ModelError
from tasks.shared.settings import Settings

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


def identity(settings: Settings, version: "ModelVersion") -> GateResult:
    """Every artifact's bytes are those recorded at registration, and no type in it is outside the trusted list."""
    try:
        registry.load(settings, version)
    except ModelError as error:
        return GateResult("identity", str(error), passed=False)
    digest = version.tags[registry.DIGEST_TAG]
    sentence = f"Its artifacts have the recorded digest {digest[:12]} and load without pickle."
    return GateResult("identity", sentence, passed=True)
