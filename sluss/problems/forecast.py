"""Forecasting: a quantile regression of a time series, judged against naive forecasts instead of a constant.

The rows that are made together, such as the steps of the next day, err together. So they are one unit wherever two
models, or two times, are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isclose
from typing import TYPE_CHECKING, ClassVar

from sluss.problems import number_metrics
from sluss.problems.forecast_sections import ForecastUseCase
from sluss.problems.metrics import Judged
from sluss.problems.naive_forecast import naive_error, naive_quantiles
from sluss.problems.problem import Problem, ProblemKind
from sluss.problems.quantile_scoring import QuantileScoring
from sluss.problems.quantiles import QuantileJudging, QuantileReporting

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.model_selection import BaseCrossValidator

    from sluss.arrays import Floats, Labels


@dataclass(frozen=True)
class ForecastJudging(QuantileJudging):
    """Judges forecasts of a time series."""

    use_case: ForecastUseCase
    guessing: ClassVar[str] = "The best naive forecast"

    @property
    def blocked(self) -> bool:
        """The rows of one forecast are a block."""
        return True

    @property
    def unit(self) -> str:
        """A forecast of several steps, made at once."""
        return "forecast"

    @property
    def series(self) -> str | None:
        """The column of the series, where a config forecasts several."""
        return self.use_case.forecast.series

    def folds(self, count: int, seed: int) -> BaseCrossValidator:  # noqa: ARG002 - nothing is shuffled
        """Return folds of a rolling origin: each is judged by a model of the rows before it, and nothing later.

        Source: L. J. Tashman (2000), International Journal of Forecasting 16, 437–450.
        """
        from sklearn.model_selection import TimeSeriesSplit

        return TimeSeriesSplit(count, gap=self.use_case.forecast.horizon)

    def metrics(self, labels: Labels, scores: Floats) -> dict[str, float]:
        """Add coverage and interval score of each pair of levels that lie alike around the median."""
        levels, found = self.use_case.quantiles, super().metrics(labels, scores)
        for low, high in zip(levels, reversed(levels), strict=True):
            if not (low < high and isclose(low + high, 1)):
                continue
            ends = [levels.index(low), levels.index(high)]
            judged, share = Judged(labels, scores[:, ends], labels), f"{100 * (high - low):g}"
            found[f"coverage_{share}"] = float(number_metrics.covered(judged).mean())
            found[f"interval_score_{share}"] = float(number_metrics.interval_scores(judged, (low, high)).mean())
        return found

    def guess_scores(self, train: pd.DataFrame, holdout: pd.DataFrame) -> None:
        """The baseline is a naive forecast, and no guess."""

    def baseline(self, train: pd.DataFrame, holdout: pd.DataFrame) -> dict[str, float]:
        """Each metric, on the holdout, of the naive forecast that was best on the training rows."""
        names = self.use_case.forecast.naive
        best = min(names, key=lambda name: naive_error(name, train))
        known = holdout[holdout[best].notna()]
        found = self._of_naive(best, train, known) if len(known) else {}
        return {f"baseline_{name}": found[name] for name in self.measures if name in found}

    def compared(self, train: pd.DataFrame, holdout: pd.DataFrame, scores: Floats) -> dict[str, float]:
        """Return the metrics of each naive forecast, and errors relative to it, on the rows that have it.

        `mase` is the error in units of that of the first naive forecast on the training rows: R. J. Hyndman,
        A. B. Koehler (2006), International Journal of Forecasting 22, 679–688.
        """
        found, names = dict[str, float](), self.use_case.forecast.naive
        for name in names:
            known = holdout[name].notna().to_numpy()
            of_naive = self._of_naive(name, train, holdout[known]) if known.any() else {}
            found |= {f"naive.{name}.{metric}": value for metric, value in of_naive.items()}
            own = self.value(holdout["label"].to_numpy()[known], scores[known], "mae")
            if own is not None and of_naive.get("mae"):
                found[f"relative_mae.{name}"] = own / of_naive["mae"]
        own, unit = self.value(holdout["label"].to_numpy(), scores, "mae"), naive_error(names[0], train)
        return found if own is None or not 0 < unit < inf else found | {"mase": own / unit}

    def _of_naive(self, column: str, train: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
        import numpy as np

        scores = naive_quantiles(self.use_case.forecast, column, self.use_case.quantiles, train, rows)
        return self.metrics(rows["label"].to_numpy(), scores) if np.isfinite(scores).all() else {}

    def close(self, judged: Judged) -> Floats:
        """The mean over the rows of each forecast, of 1 less their capped pinball loss."""
        import numpy as np

        figures = super().close(judged)
        if not len(figures):
            return figures
        blocks = max(1, round(len(figures) / self.use_case.forecast.horizon))
        return np.array([each.mean() for each in np.array_split(figures, blocks)])


def problem(use_case: ForecastUseCase) -> Problem:
    """Return the problem of a use case with a section `forecast`."""
    return Problem(QuantileScoring(use_case), ForecastJudging(use_case), QuantileReporting(use_case))


KIND = ProblemKind("a forecast", ("target", "quantiles", "forecast"), ForecastUseCase, problem)
