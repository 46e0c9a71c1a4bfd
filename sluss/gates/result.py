"""What a gate says."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class GateResult:
    """A verdict. A gate that cannot decide refuses."""

    gate: str
    sentence: str
    passed: bool
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """In a word."""
        return "passed" if self.passed else "refused"
