"""Distributions of numbers and categories, in the form that a reference profile stores."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluss.arrays import Floats
_POINTS = 2_000
_CATEGORIES = 1_000
OTHERS = "(other)"  # the rarest categories of a column with more
Distribution = dict[str, Any]  # one distribution as JSON: `rows` with sorted `values`, or `counts`


def number_part(values: Floats) -> Distribution:
    """Return the sorted values; of many, an even grid, which changes a distance by 1/4,000 at most."""
    import numpy as np

    ordered = np.sort(values)
    if len(ordered) > _POINTS:
        ordered = ordered[((np.arange(_POINTS) + 0.5) * len(ordered) / _POINTS).astype(int)]
    mean = float(np.mean(values)) if len(values) else None
    # Six digits keep the profile small. The distance depends only on the order of values, which rounding hardly
    # changes.
    return {"rows": len(values), "mean": mean, "values": [float(f"{value:.6g}") for value in ordered]}


def category_part(values: list[str]) -> Distribution:
    """Return the counts of categories; beyond a thousand, the rarest are pooled."""
    counts = Counter(values).most_common()
    rest = sum(count for _, count in counts[_CATEGORIES:])
    return {"counts": dict(counts[:_CATEGORIES]) | ({OTHERS: rest} if rest else {})}


def fewest(counts: Mapping[str, int]) -> int:
    """Return the fewest rows that a category has in the counts of a reference, or it counts as new.

    Which of the categories with as many rows as the rarest listed one are among the others is arbitrary.
    """
    return min((count for name, count in counts.items() if name != OTHERS), default=0) + 1 if OTHERS in counts else 1
