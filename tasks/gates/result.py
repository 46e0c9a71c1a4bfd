"""What a gate says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GateResult:
    """A verdict. A gate that cannot decide refuses."""

    gate: str
    passed: bool
    sentence: str
    figures: dict[str, float]
