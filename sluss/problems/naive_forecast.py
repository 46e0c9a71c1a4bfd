"""Naive forecasts as a baseline: the column of a past season as the point, with conformal intervals around it.

The interval at a level is the naive value plus that quantile of the errors that it made on the training rows, of the
same series and step: split conformal prediction, J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani, L. Wasserman (2018),
Journal of the American Statistical Association 113, 1094–1111, with signed errors. Without intervals, a naive forecast
would lose every comparison of intervals; with a constant in its place, every model would win.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from sluss.arrays import Floats
    from sluss.problems.forecast_sections import ForecastSection

_FEWEST = 20  # errors of a step; with fewer, those of all steps give its intervals


def naive_quantiles(
    section: ForecastSection, column: str, levels: tuple[float, ...], train: pd.DataFrame, rows: pd.DataFrame
) -> Floats:
    """Return the quantiles of a naive forecast for rows, shape (n, k); NaN where the row has no naive value."""
    import numpy as np

    errors = (train["label"] - train[column]).dropna()
    found = np.empty((len(rows), len(levels)))
    found[:] = np.quantile(errors, levels) if len(errors) else np.nan
    keys = [name for name in (section.series, section.step) if name]
    if keys:
        known = errors.groupby([train.loc[errors.index, name] for name in keys])
        offsets = {key: np.quantile(each, levels) for key, each in known if len(each) >= _FEWEST}
        for key, places in rows.groupby(keys).indices.items():
            found[places] = offsets.get(key if isinstance(key, tuple) else (key,), found[places])
    shifted: Floats = found + rows[column].to_numpy(dtype=float)[:, None]
    return shifted


def naive_error(column: str, rows: pd.DataFrame) -> float:
    """Return the mean absolute error of a naive forecast; infinite where no row has one."""
    errors = (rows["label"] - rows[column]).abs().dropna()
    return float(errors.mean()) if len(errors) else float("inf")
