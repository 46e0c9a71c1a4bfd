"""Classes whose labels turned: a rare class can turn whole within a limit that counts the rows of all classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.statistics.known_values import turned_classes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_MOST_NEW = 0.25  # share of a class's labels that may have been of another class before


def of_one_class(
    both: pd.DataFrame, turned: NDArray[np.bool_], names: tuple[str, ...], limit: float, figures: dict[str, float]
) -> Iterator[str]:
    """Yield the class most of whose labels turned beyond the limit, and the class that others were turned into.

    Args:
        both: rows whose label was known before, with `label_before` and `label`.
        turned: whether the label of each is another one now.
        names: of the classes, by their number.
        limit: largest share of a class that may have turned.
        figures: gets the largest share of a class that turned.
    """
    lost = turned_classes(both["label_before"], turned, limit)
    figures["turned_class_share"] = max(events / rows for events, rows, _ in lost.values())
    for number, (events, rows, sure) in _worst_first(lost):
        if sure:
            yield (
                f"Of {counted(rows, 'row')} whose label {names[int(number)]} was known before, {events / rows:.1%} "
                f"have another one now ({limit:.0%} of each class may): labels of one class were swapped or turned."
            )
            return
    most = max(limit, _MOST_NEW)
    for number, (events, rows, sure) in _worst_first(turned_classes(both["label"], turned, most)):
        if sure:
            yield (
                f"Of {counted(rows, 'row')} with the label {names[int(number)]}, {events / rows:.1%} had another one "
                f"before ({most:.0%} of each class may): labels of others were turned into this one."
            )
            return


def _worst_first(found: dict[float, tuple[int, int, bool]]) -> list[tuple[float, tuple[int, int, bool]]]:
    return sorted(found.items(), key=lambda each: each[1][0] / each[1][1], reverse=True)
