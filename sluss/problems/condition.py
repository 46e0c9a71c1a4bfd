"""Verdicts of one interval on one type of alert: breached, clear, or undecided.

One rule for all: a condition is breached when its test excludes chance at `alpha` *and* the change is as large as the
config says counts. It is clear when chance explains the change (p ≥ 0.05), or the change is well inside the limit.
Between the two, and with too little data, nothing is decided and an alert stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from sluss.config.operation import Monitoring

Verdict = Literal["breached", "clear", "undecided"]
Severity = Literal["warning", "critical"]

_CHANCE = 0.05  # an alert ends when the change could well be chance …
_RELEASE = 0.5  # … or is below this part of the limit, so that a figure on the limit does not flap
_CRITICAL = 2.0  # a change of so many limits is critical


@dataclass(frozen=True, slots=True)
class Condition:
    """The verdict of one interval on one type of alert, with its figures and a sentence."""

    type: str
    verdict: Verdict
    severity: Severity
    figures: dict[str, Any]
    message: str
    anew: bool = False  # whether it was breached by another change since the alert that is on


@dataclass(frozen=True, slots=True)
class FigureHistory:
    """Values of one figure in the intervals of the monitor's window that the present version scored, in order."""

    values: tuple[float, ...] = ()
    model_changed: bool = False  # whether another version scored intervals of the window
    worth: float = 1.0  # of a row, compared with an independent one; less where rows come in clumps or wander together


def verdict_on(rules: Monitoring, rows: int, p_value: float, change: tuple[float, float], alpha: float) -> Verdict:
    """The verdict on a change, given as its size and the limit that counts, at the chance of a false alarm `alpha`."""
    size, limit = change
    if rows < rules.min_rows:
        return "undecided"
    # Both are needed: with many rows, a change too small to matter is significant, and with few, chance alone is large.
    if p_value < alpha and size >= limit:
        return "breached"
    return "clear" if p_value >= _CHANCE or size < _RELEASE * limit else "undecided"


def severity_of(size: float, limit: float) -> Severity:
    """Critical from twice the limit on."""
    return "critical" if size >= _CRITICAL * limit else "warning"


def in_parentheses(p_value: float) -> str:
    """A p-value as the end of a sentence in parentheses."""
    return "; p < 0.0001" if p_value < 1e-4 else f"; p = {p_value:.2g}"
