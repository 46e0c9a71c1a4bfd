"""Aspects of a column: the few figures of an interval by which its distribution is compared with past intervals.

The aspects of a number are the means of the first four Legendre polynomials of its place among the reference's values,
the components of Neyman's smooth test: where the values lie, how far they spread, and the skew and the peak. The place
is between 0 and 1, so no outlier dominates a mean, and the mean of many rows is nearly normal. A component is signed,
which lets small changes of many intervals add up; a distance is not.

The aspects of a category are the shares of its values, on the scale on which their variance depends on the number of
rows alone.

Sources: J. Neyman (1937), Skandinavisk Aktuarietidskrift 20, 149–199; J. C. W. Rayner, D. J. Best (1989), Smooth Tests
of Goodness of Fit, Oxford University Press, for the order of four; F. J. Anscombe (1948), Biometrika 35, 246–254, for
the shares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sluss.arrays import Floats
    from sluss.statistics.distributions import Distribution

ORDER = 4
_GRID = 200  # places that are told apart; more would only cost time
NEW_AND_RARE = 2  # aspects of each category besides those of its values
_CELLS = 8  # categories with an aspect of their own
_RARE = 0.01  # a smaller share of the reference counts among the rare ones
_LEAST = 1e-3  # variance of a row that a column of one value is given


def number_grid(values: Sequence[float]) -> Floats:
    """Return the reference's sorted values, or an even choice of many."""
    import numpy as np

    found = np.asarray(values, dtype=float)
    if len(found) <= _GRID:
        return found
    even: Floats = found[((np.arange(_GRID) + 0.5) * len(found) / _GRID).astype(int)]
    return even


def legendre(grid: Floats, values: Floats) -> Floats:
    """Return the polynomials of each value's place among the grid's, shape (n, ORDER); ties take their middle place."""
    import numpy as np

    below, up_to = (np.searchsorted(grid, values, side=side) for side in ("left", "right"))
    x = (below + up_to) / len(grid) - 1
    x2 = x * x
    return np.stack([x, (3 * x2 - 1) / 2, x * (5 * x2 - 3) / 2, (35 * x2 * x2 - 30 * x2 + 3) / 8], axis=-1)


def cells(counts: Mapping[str, int]) -> list[str]:
    """Return the categories of a reference that have an aspect of their own, the most frequent first."""
    total = sum(counts.values())
    common = sorted(counts, key=lambda name: (-counts[name], name))
    return [name for name in common[:_CELLS] if counts[name] >= _RARE * total]


def stabilised(counts: Floats, rows: float) -> Floats:
    """Return shares on a scale where each has the variance 1 / rows, about."""
    import numpy as np

    return 2 * np.arcsin(np.sqrt(np.clip((counts + 0.375) / (rows + 0.75), 0, 1)))


def of_number(reference: Distribution, part: Distribution) -> tuple[Floats, float]:
    """Return the aspects of a number's distribution, and the rows behind them."""
    import numpy as np

    values = np.asarray(part["values"], dtype=float)
    if not len(values):
        return np.full(ORDER, np.nan), 0.0
    return legendre(number_grid(reference["values"]), values).mean(axis=0), float(part["rows"])


def of_category(names: Sequence[str], known: Collection[str], counts: Mapping[str, int]) -> tuple[Floats, float]:
    """Return the aspects of a category's counts, and their sum. `known` are the categories that are not new.

    The first aspects are those of the named categories; the last two are of rarer known ones and of new ones.
    """
    import numpy as np

    total = float(sum(counts.values()))
    if not total:
        return np.full(len(names) + NEW_AND_RARE, np.nan), 0.0
    named = [counts.get(name, 0) for name in names]
    new = sum(count for name, count in counts.items() if name not in known and name not in names)
    shares = np.array([*named, total - sum(named) - new, new], dtype=float)
    return stabilised(shares, total), total


def floor(reference: Distribution, aspects: int) -> Floats:
    """Return the variance that independent rows give each aspect, for one row."""
    import numpy as np

    if "counts" in reference:
        return np.ones(aspects)
    grid = number_grid(reference["values"])
    found: Floats = np.maximum(legendre(grid, grid).var(axis=0), _LEAST)
    return found


def spread(reference: Distribution, part: Distribution, aspects: int) -> Floats:
    """Return the variance of the aspects of one row of an interval, at least that of evenly spread values.

    Where the reference has few values, such as 0 for nearly all rows, its rows tell nothing of the noise at another
    level.
    """
    import numpy as np

    if "counts" in reference:
        return np.ones(aspects)
    places = legendre(number_grid(reference["values"]), np.asarray(part["values"], dtype=float))
    even = 1 / (2 * np.arange(1, ORDER + 1) + 1)
    found: Floats = np.maximum(places.var(axis=0), even) if len(places) else even
    return found


def centre(reference: Distribution, names: Sequence[str]) -> Floats:
    """Return the aspects of the reference itself."""
    if "counts" in reference:
        return of_category(names, reference["counts"].keys(), reference["counts"])[0]
    return of_number(reference, reference)[0]
