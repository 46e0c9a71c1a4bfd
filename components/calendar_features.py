"""Numbers from times: a model learns nothing from nanoseconds since 1970."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from sklearn.base import BaseEstimator, TransformerMixin

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_PARTS = ("hour", "weekday", "day", "month")
_ATTRIBUTES = {"weekday": "day_of_week", "day": "day", "month": "month"}  # pandas's names


class CalendarFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Hour, weekday, day of the month and month of each time, in UTC.

    `parts` chooses among them, `hour` being a fraction such as 13.5 for half past one.
    """

    def __init__(self, parts: tuple[str, ...] = _PARTS) -> None:
        self.parts = parts

    def fit(self, rows: pd.DataFrame, labels: object = None) -> Self:  # noqa: ARG002 - as scikit-learn calls it
        """Learn the number of columns; there is nothing else to learn."""
        if unknown := sorted(set(self.parts) - set(_PARTS)):
            raise ValueError(f"CalendarFeatures has no part '{unknown[0]}'; it has {', '.join(_PARTS)}.")
        self.n_features_in_ = rows.shape[1]
        return self

    def transform(self, rows: pd.DataFrame) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """Return the parts of each time, shape (n, columns × parts); a missing time has missing parts."""
        import numpy as np

        columns = [self._part(rows[name], part) for name in rows.columns for part in self.parts]
        return np.column_stack(columns)

    def _part(self, times: pd.Series[pd.Timestamp], part: str) -> pd.Series[float]:
        if part == "hour":
            return times.dt.hour + times.dt.minute / 60
        found: pd.Series[float] = getattr(times.dt, _ATTRIBUTES[part]).astype(float)
        return found
