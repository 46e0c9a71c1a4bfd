"""Slices of rows: the values of a category, and quarters of a number by the quartiles of the training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from sluss.config.use_case import UseCase

PREFIX = "slice."  # of a slice's column among the judged rows, and of its metrics
_MISSING = "missing"
_QUARTERS = (0.25, 0.5, 0.75)


def slice_bounds(use_case: UseCase, train: pd.DataFrame) -> dict[str, list[float]]:
    """Return where the quarters of each number, or of the words of a text, end among the training rows."""
    import numpy as np

    return {
        # Equal quartiles, as of a column with few values, make fewer slices.
        name: np.unique(_numbers(train, name).quantile(_QUARTERS).dropna()).tolist()
        for name in use_case.training.slices
        if use_case.in_quarters(name)
    }


def sliced_by(use_case: UseCase, bounds: Mapping[str, list[float]], rows: pd.DataFrame) -> pd.DataFrame:
    """Return the slice that each row is in: a text column `slice.<name>` for every name under `training.slices`.

    A category is a slice. Numbers, and the words of a text, fall into four: `q1` is up to the first quartile of the
    training rows, `q4` above the third. Without a value, a row is in the slice `missing`. A number without bounds, of
    which a version records none, makes no slices.
    """
    import pandas as pd

    columns = {}
    for name in use_case.training.slices:
        if not use_case.in_quarters(name):
            columns[f"{PREFIX}{name}"] = rows[name].astype(object).where(rows[name].notna(), _MISSING).map(str)
        elif name in bounds:
            columns[f"{PREFIX}{name}"] = _quarters(bounds[name], _numbers(rows, name))
    return pd.DataFrame(columns, index=rows.index, dtype=object)


def columns_of_slices(use_case: UseCase) -> list[str]:
    """Return the columns that the slices are made from."""
    columns = use_case.curation.columns
    return list(dict.fromkeys(n if n in columns else n.removesuffix(".words") for n in use_case.training.slices))


def _numbers(rows: pd.DataFrame, name: str) -> pd.Series[float]:
    """A number column, or for `<column>.words` how many words a text has: what stands between spaces."""
    if name in rows.columns:
        return rows[name].astype(float)
    texts = rows[name.removesuffix(".words")]
    return texts.map(lambda text: len(text.split()), na_action="ignore").astype(float)


def _quarters(bounds: list[float], numbers: pd.Series[float]) -> pd.Series[str]:
    import numpy as np
    import pandas as pd

    # By the training rows, so that the rows to be judged do not decide where their own slices end.
    places = np.searchsorted(np.asarray(bounds, dtype=float), numbers, side="left") + 1
    names = pd.Series([f"q{place}" for place in places], index=numbers.index, dtype=object)
    return names.where(numbers.notna(), _MISSING)
