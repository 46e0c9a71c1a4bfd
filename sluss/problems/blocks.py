"""Blocks of rows with each class among them, on which metrics that weigh classes are means.

An AUC, or a balanced accuracy, is not the mean of one figure a row: it depends on how many rows each class has. In a
block of one row of the rarest class and its share of the others' rows, it can be computed, the blocks are independent
of each other, and the mean over them is the metric's without bias. So the test by betting takes blocks for rows. The
rarest class decides how many there are: it limits what any data can say about such a metric.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sluss.arrays import Floats, Labels

_RARE = 0.1  # of more than two classes, one with less than this part of the average class's rows is left out


def blocks(labels: Labels) -> list[list[Any]]:
    """Places of rows, by block and class, in the order of the rows; empty where there is one class only."""
    import numpy as np

    present, counts = np.unique(labels, return_counts=True)
    if len(present) < 2:
        return []
    # Two classes stay, however rare the second one is: without it there would be nothing to compare.
    least = min(_RARE * counts.mean(), np.sort(counts)[-2])
    kept = present[counts >= least]
    places = [np.flatnonzero(labels == each) for each in kept]
    number = min(map(len, places))
    return [list(parts) for parts in zip(*(np.array_split(each, number) for each in places), strict=True)]


def recalls(labels: Labels, predicted: Any) -> Floats:  # noqa: ANN401 - an array of classes
    """The balanced accuracy of each block, in [0, 1]."""
    import numpy as np

    right = (predicted == labels).astype(float)
    return np.array([np.mean([right[part].mean() for part in block]) for block in blocks(labels)])


def rankings(labels: Labels, table: Floats) -> Floats:
    """The share of pairs of rows of two classes that the probabilities put in the right order, in each block.

    Of more than two classes the mean over the ordered pairs of classes: D. J. Hand, R. J. Till (2001), Machine Learning
    45, 171–186.
    """
    import numpy as np

    return np.array([_ordered(block, labels, table) for block in blocks(labels)])


def _ordered(block: list[Any], labels: Labels, table: Floats) -> float:
    import numpy as np

    rows = np.concatenate(block)
    place = np.repeat(np.arange(len(block)), [len(part) for part in block])
    sizes, shares = np.bincount(place), []
    for number, one in enumerate(block):
        column = table[:, int(labels[one[0]])]
        ahead = column[one][:, None] - column[rows][None, :]
        below = np.bincount(place, weights=((ahead > 0) + 0.5 * (ahead == 0)).mean(axis=0)) / sizes
        shares.append(np.delete(below, number).mean())
    return float(np.mean(shares))
