"""Sums over a figure of some units, such as the hits of an interval's rows: they add up, and tell mean and spread."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sluss.arrays import Floats

_BLOCK = 25  # units


@dataclass(frozen=True, slots=True)
class Sample:
    """Sums over the figures of n units that came in intervals.

    The samples of two sets of units add up to that of both, so a history of any length is carried in eight numbers.
    Units that came together may depend on each other. Two sums tell by how much: the `between` sums are those of
    total² / units over all parts, once over the intervals, once over blocks of 25 units that follow each other.
    """

    units: float = 0.0
    total: float = 0.0
    squares: float = 0.0
    cubes: float = 0.0
    intervals: float = 0.0
    between_intervals: float = 0.0
    blocks: float = 0.0
    between_blocks: float = 0.0

    def __add__(self, other: Sample) -> Sample:
        return Sample(
            self.units + other.units,
            self.total + other.total,
            self.squares + other.squares,
            self.cubes + other.cubes,
            self.intervals + other.intervals,
            self.between_intervals + other.between_intervals,
            self.blocks + other.blocks,
            self.between_blocks + other.between_blocks,
        )

    @property
    def mean(self) -> float:
        """Mean of the figures; 0 of none."""
        return self.total / self.units if self.units else 0.0

    @property
    def deviations(self) -> float:
        """Sum of the squared deviations of the figures from their mean."""
        return max(self.squares - self.total * self.mean, 0.0)

    @property
    def cubed_deviations(self) -> float:
        """Sum of the cubed deviations of the figures from their mean."""
        return self.cubes - 3 * self.mean * self.squares + 2 * self.total * self.mean**2

    def as_list(self) -> list[float]:
        """Return the sums as plain numbers for JSON; `Sample(*them)` reads them."""
        return list(astuple(self))


def sample_of(figures: Floats) -> Sample:
    """Return the sample of the n figures of one interval, in the order in which their units came; empty of none."""
    import numpy as np

    units = len(figures)
    if not units:
        return Sample()
    total = float(figures.sum())
    blocks = max(units // _BLOCK, 1)
    bounds = np.arange(blocks) * units // blocks
    totals, sizes = np.add.reduceat(figures, bounds), np.diff(np.append(bounds, units))
    squares, cubes = float((figures**2).sum()), float((figures**3).sum())
    return Sample(
        units, total, squares, cubes, 1.0, total**2 / units, float(blocks), float((totals**2 / sizes).sum())
    )  # fmt: skip


def together(samples: list[Sample]) -> Sample:
    """Return the sum of samples."""
    return sum(samples, Sample())
