"""Calibration: how far forecast probabilities lie from the shares of what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sluss.arrays import Floats

_BINS = 10
_FEWEST = 20  # forecasts of a bin
_SMALL = 1e-9
_ROUNDS = 50  # of Newton's method
_STEEPEST = 1e6


@dataclass(frozen=True)
class Calibration:
    """How well n forecasts fit what happened.

    `error` is the mean distance of forecast and share over bins of equal size (the expected calibration error), less
    what chance alone makes of it; `p_value` is the probability of a distance like that if all forecasts were right.
    """

    error: float
    p_value: float
    certain: float  # share of forecasts that are 0 or 1
    wrong: float  # share of those that did not come true
    slope: float  # by which log odds have to be multiplied: 1 if right, less if too certain, more if too uncertain
    slope_error: float  # its standard error


def calibration(forecasts: Floats, happened: Floats) -> Calibration:
    """Measure the calibration of n probabilities by n outcomes, 0 or 1.

    Sources: C. Guo et al. (2017), On Calibration of Modern Neural Networks, for the error; D. W. Hosmer, S. Lemeshow
    (1980), Goodness of fit tests for the multiple logistic regression model, for the test over bins; D. R. Cox (1958),
    Two further applications of a model for binary regression, for the slope.
    """
    import numpy as np

    error, p_value = _binned(forecasts, happened)
    sure = (forecasts < _SMALL) | (forecasts > 1 - _SMALL)
    wrong = float((np.round(forecasts[sure]) != happened[sure]).mean()) if sure.any() else 0.0
    slope, slope_error = _slope(np.clip(forecasts, 1e-6, 1 - 1e-6), happened)
    return Calibration(error, p_value, float(sure.mean()), wrong, slope, slope_error)


def _binned(forecasts: Floats, happened: Floats) -> tuple[float, float]:
    import numpy as np
    from scipy.stats import chi2

    bins = int(min(_BINS, max(len(forecasts) // _FEWEST, 1)))
    edges = np.unique(np.quantile(forecasts, np.linspace(0, 1, bins + 1))[1:-1])
    places = np.searchsorted(edges, forecasts, side="left")
    counts = np.bincount(places)
    filled = counts > 0
    expected = np.bincount(places, forecasts)[filled]
    seen = np.bincount(places, happened)[filled]
    # Of impossible and certain events there is no variance; one in a hundred bins' worth keeps the quotient finite.
    variance = np.maximum(np.bincount(places, forecasts * (1 - forecasts))[filled], _SMALL)
    by_chance = float(np.sqrt(2 / np.pi * variance).sum())  # mean distance of a normal variable from its mean
    error = max(float(np.abs(seen - expected).sum()) - by_chance, 0.0) / len(forecasts)
    return error, float(chi2.sf(((seen - expected) ** 2 / variance).sum(), int(filled.sum())))


def _slope(forecasts: Floats, happened: Floats) -> tuple[float, float]:
    """The slope of a logistic regression of the outcomes on the log odds, with its standard error."""
    import numpy as np

    odds = np.log(forecasts / (1 - forecasts))
    spread = float(odds.std())
    if spread < 1e-12 or happened.min() == happened.max():
        return 1.0, float("inf")  # of constant forecasts or outcomes there is none
    # Standardised, so that Newton's method converges for odds of any size; a weak penalty bounds separable classes.
    design = np.column_stack([np.ones_like(odds), (odds - odds.mean()) / spread])
    found, ridge = np.zeros(2), np.diag([0.0, 1e-3])
    for _ in range(_ROUNDS):
        predicted = 1 / (1 + np.exp(-np.clip(design @ found, -30, 30)))
        curvature = (design * (predicted * (1 - predicted))[:, None]).T @ design + ridge + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, design.T @ (happened - predicted) - ridge @ found)
        found = found + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    error = float(np.sqrt(np.linalg.inv(curvature)[1, 1]))
    return min(float(found[1]) / spread, _STEEPEST), error / spread


def shifted(forecasts: Floats, happened: Floats) -> Floats:
    """Return the forecasts with their log odds moved by one number, so that their mean is the share that happened."""
    import numpy as np

    clipped = np.clip(forecasts, 1e-12, 1 - 1e-12)
    odds, share = np.log(clipped / (1 - clipped)), float(happened.mean())
    low, high = -60.0, 60.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 / (1 + np.exp(-odds - middle))).mean() < share else (low, middle)
    moved: Floats = 1 / (1 + np.exp(-odds - (low + high) / 2))
    return moved
