"""The noise within past intervals, by which an interval of fewer rows than usual is judged.

The noise between intervals has a part that shrinks with the rows of an interval and one that does not. In an interval
of fewer rows, all of it is taken to grow, unless parts of past intervals show that it does not exceed the noise within
them, which then is what grows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sluss.arrays import Floats
    from sluss.statistics.past_intervals import Past

    Bools = NDArray[np.bool_]

_SCATTERED = 0.05  # chance of taking noise within intervals for smaller than that between them
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Within:
    """The noise within past intervals, between parts of each."""

    variance: Floats  # of one row
    freedom: float


def with_within(past: Past, within: Within | None) -> Past:
    """Return the past with the noise within intervals, if it is known."""
    import numpy as np

    if within is None:
        return past
    return replace(
        past,
        within=np.maximum(within.variance, past.floor),
        within_freedom=np.full_like(past.floor, within.freedom),
    )


def within_intervals(parts: Sequence[tuple[Floats, Floats]], aspects: int) -> Within | None:
    """Return the noise between the parts of each interval, such as its fifths by time; None without any.

    This is the method of batch means: A. M. Law, J. S. Carson (1979), Operations Research 27, 1011–1025.

    Args:
        parts: of each interval, the aspects of its parts, shape (parts, aspects), and the rows of each, shape (parts,).
        aspects: how many there are.
    """
    import numpy as np

    squares, freedom = np.zeros(aspects), 0.0
    for values, rows in parts:
        weights = rows[:, None] / rows.sum()
        squares += (rows[:, None] * (values - (weights * values).sum(axis=0)) ** 2).sum(axis=0)
        freedom += len(rows) - 1
    return Within(squares / freedom, freedom) if freedom else None


def with_rows(past: Past, rows: Floats, aspects: Sequence[int]) -> tuple[Past, Floats]:
    """Return the past with the noise of an interval of so many rows, and the degrees of freedom of that noise.

    An interval of n of the usual N rows is one of N rows whose aspects are known from n: to the noise of N rows, that
    within an interval adds 1/n − 1/N of its variance. This holds where clumps of rows lie together in time. Where they
    are scattered, as the customers of a shop may be, noise between intervals is larger than that within them (F test),
    and all of it grows.

    The degrees of freedom are those of a sum of variances: F. E. Satterthwaite (1946), Biometrics Bulletin 2, 110–114.

    Args:
        past: of all columns.
        rows: the rows behind each aspect.
        aspects: how many each column has.
    """
    import numpy as np

    share = np.clip(rows / np.maximum(past.rows, 1.0), 0.0, 1.0)
    between, more = past.variance * share, past.within * (1 - share)
    parts = between**2 / np.maximum(past.freedom, 1.0) + more**2 / np.maximum(past.within_freedom, 1.0)
    freedom = (between + more) ** 2 / np.maximum(parts, _TINY)
    grows = np.repeat(_lies_together(past, aspects), aspects) & (share < 1)
    variance = np.where(grows, np.maximum(between + more, past.floor), past.variance)
    return replace(past, variance=variance), np.where(grows, freedom, past.freedom)


def _lies_together(past: Past, aspects: Sequence[int]) -> Bools:
    """Whether the noise between intervals does not exceed that within them, by column: an F test over its aspects."""
    import numpy as np
    from scipy.special import fdtrc

    starts = np.cumsum([0, *aspects[:-1]])
    ratio = np.add.reduceat(past.variance / np.maximum(past.within, _TINY), starts) / np.asarray(aspects)
    between, within = (np.add.reduceat(each, starts) for each in (past.freedom, past.within_freedom))
    found: Bools = (within > 0) & (fdtrc(np.maximum(between, 1.0), np.maximum(within, 1.0), ratio) >= _SCATTERED)
    return found
