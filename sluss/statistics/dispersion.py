"""How much more the means of parts differ than their units explain, because units of one part depend on each other."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sluss.statistics.sample import Sample

_Z99 = 2.326347874  # the normal distribution's one-sided 99 % point


@dataclass(frozen=True, slots=True)
class Dispersion:
    """Sums of squares between parts, divided by the variance within them, and their degrees of freedom.

    Once between intervals, once between blocks of units that follow each other. Source: P. McCullagh, J. A. Nelder
    (1989), Generalized Linear Models, 2nd edition, section 4.5; for the blocks, the method of batch means: A. M. Law,
    J. S. Carson (1979), Operations Research 27, 1011–1025.
    """

    intervals: float = 0.0
    intervals_freedom: float = 0.0
    blocks: float = 0.0
    blocks_freedom: float = 0.0

    @property
    def ratio(self) -> float:
        """By how much the variance of a mean is larger than that of independent units; 1 where chance explains it."""
        return max(_ratio(self.intervals, self.intervals_freedom), _ratio(self.blocks, self.blocks_freedom))

    def as_list(self) -> list[float]:
        """Return the sums as plain numbers for JSON; `Dispersion(*them)` reads them."""
        return list(astuple(self))


def _ratio(squares: float, freedom: float) -> float:
    if freedom < 1:
        return 1.0
    # The 99 % point of chi-square: E. B. Wilson, M. M. Hilferty (1931), PNAS 17, 684–688. A ratio that is estimated
    # from few parts is above 1 in every other case, and would cost power in each of them.
    part = 2 / (9 * freedom)
    beyond_chance = squares > freedom * (1 - part + _Z99 * sqrt(part)) ** 3
    return max(1.0, squares / freedom) if beyond_chance else 1.0


def dispersion_of(sides: Sequence[Sample], learned: Dispersion) -> Dispersion:
    """Return the dispersion within each of several sides, together with what was learned before."""
    units = sum(side.units for side in sides)
    intervals = _between(sides, units, lambda side: (side.intervals, side.between_intervals))
    blocks = _between(sides, units, lambda side: (side.blocks, side.between_blocks))
    return Dispersion(
        learned.intervals + intervals[0],
        learned.intervals_freedom + intervals[1],
        learned.blocks + blocks[0],
        learned.blocks_freedom + blocks[1],
    )


def _between(
    sides: Sequence[Sample], units: float, sums: Callable[[Sample], tuple[float, float]]
) -> tuple[float, float]:
    parts = squares = within = 0.0
    for side in sides:
        number, between = sums(side)
        parts += number
        squares += max(between - side.total * side.mean, 0.0)
        within += max(side.squares - between, 0.0)
    freedom = parts - len(sides)
    if freedom < 1 or within <= 0 or units <= parts:
        return 0.0, 0.0
    return squares / (within / (units - parts)), freedom
