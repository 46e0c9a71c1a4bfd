"""The share of a number's variance that predictions explain, also within groups whose size a model may know."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from sluss.gates.evidence import Evidence
    from sluss.problems.metrics import Judged

_ROWS_OF_A_GROUP = 10  # of the holdout, on average: fewer say nothing about the variance within a group
_NO_VARIANCE = 1e-12


def least_explained(evidence: Evidence, judged: Judged) -> float:
    """Return the least share that the predictions explain, of all groupings of the rows."""
    return min(explained(judged, groups) for groups in _groupings(evidence))


def _groupings(evidence: Evidence) -> Iterator[NDArray[np.int64]]:
    """Yield numbers of groups for the judged rows, of which a model may know how large their labels are.

    Over stores of different sizes, any model explains nearly all of the variance. These are the series, if there are
    such, and otherwise all rows, the values of each category, and of all categories together.
    """
    import numpy as np

    series, use_case = evidence.problem.judging.series, evidence.known.use_case
    kinds = {name: use_case.curation.columns[name].kind for name in use_case.features}
    categories = [series] if series else [name for name, kind in kinds.items() if kind == "category"]
    rows = evidence.rows.holdout.set_index("id").loc[evidence.judged["id"], categories]
    if not series:
        yield np.zeros(len(rows), dtype=np.int64)
    for names in dict.fromkeys([*((name,) for name in categories), tuple(categories)]):
        if not names:
            continue
        groups = rows.groupby(list(names), dropna=False, observed=True).ngroup().to_numpy().astype(np.int64)
        if series or len(rows) >= _ROWS_OF_A_GROUP * (groups.max() + 1):
            yield groups


def explained(judged: Judged, groups: NDArray[np.int64]) -> float:
    """Return the share of the variance within the groups that the predictions explain; 1 where there is none."""
    import numpy as np

    means = np.bincount(groups, weights=judged.labels) / np.maximum(np.bincount(groups), 1)
    within = float(np.square(judged.labels - means[groups]).sum())
    left = float(np.square(judged.labels - judged.predicted).sum())
    return 1 - left / within if within > _NO_VARIANCE * float(np.square(judged.labels).sum()) else 1.0
