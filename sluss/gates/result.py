"""The result of a gate."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class GateResult:
    """Verdict, sentence and figures of one gate."""

    gate: str
    sentence: str
    passed: bool
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """`passed` or `refused`."""
        return "passed" if self.passed else "refused"
