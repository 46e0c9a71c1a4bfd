"""A picture of the report with its words, and the scales that plots share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.charts import svg

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDE, HALF = 1080, 520
MARGIN = 92  # room on the right for the names of dashed lines


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture with its heading, how to read it, and the meaning of its colours."""

    title: str
    caption: str
    svg: str
    legend: tuple[tuple[str, str], ...] = ()  # style and words
    wide: bool = False


def scale(values: Sequence[float]) -> tuple[float, float, float]:
    """Round bounds around figures that need not start at 0, with some air; it passes neither 0 nor 1 by itself."""
    low, high = min(values), max(values)
    air = max(0.02, 0.08 * (high - low))
    return svg.nice(low - air if low < 0 else max(0.0, low - air), max(high, min(1.0, high + air)))


def axis_names(intervals: Sequence[str]) -> list[str]:
    """Names of intervals short enough for an axis: without the year, but for months and quarters."""
    return [name if len(name) == len("2026-01") else name[5:] for name in intervals]


def known(values: Sequence[float | None]) -> list[float]:
    """The values that are known."""
    return [value for value in values if value is not None]
