"""Quantile regression: scores are k quantiles of the number that will come, shape (n, k); two span an interval."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from sluss.problems import number_metrics
from sluss.problems.judging import Forecast
from sluss.problems.metrics import Judged, Measure, Measured, mean_of
from sluss.problems.numbers import NumberJudging
from sluss.problems.problem import Problem, ProblemKind, Reporting
from sluss.problems.quantile_scoring import QuantileScoring
from sluss.problems.quantile_sections import Quantiles
from sluss.statistics.figures import SCORE, SCORE_WIDTH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from sluss.arrays import Floats, Labels
    from sluss.problems.condition import Condition
    from sluss.statistics.distributions import Distribution
    from sluss.statistics.figures import Summary


@dataclass(frozen=True)
class QuantileJudging(NumberJudging):
    """Judges predicted quantiles."""

    use_case: Quantiles

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Pinball loss over all quantiles, and the interval score of the outermost two."""
        levels = self.use_case.quantiles
        return {
            "pinball": partial(_mean, number_metrics.pinball_losses, levels),
            "interval_score": partial(_mean, number_metrics.interval_scores, levels),
            "mae": number_metrics.mae,
        }

    def metrics(self, labels: Labels, scores: Floats) -> dict[str, float]:
        """Add the coverage. It is best at the difference of the outermost levels, not at its highest value."""
        judged = self.judged(labels, scores)
        return super().metrics(labels, scores) | {"coverage": float(number_metrics.covered(judged).mean())}

    def judged(self, labels: Labels, scores: Floats, groups: Any = None) -> Judged:  # noqa: ANN401 - array or None
        """The quantile in the middle is the predicted number."""
        return Judged(labels, scores, scores[:, self.use_case.middle], groups)

    def forecasts(self, labels: Labels, scores: Floats) -> list[Forecast]:
        """Each level: the probability of a number up to its quantile."""
        import numpy as np

        return [
            Forecast(
                f"a number up to the quantile {level:g}",
                np.full(len(labels), level),
                np.asarray(labels <= scores[:, place], dtype=float),
            )
            for place, level in enumerate(self.use_case.quantiles)
        ]

    def guess(self, metric: str, learned: Labels) -> Any:  # noqa: ANN401, ARG002 - the same for all metrics
        """The quantiles of the labels."""
        import numpy as np

        return np.quantile(learned, self.use_case.quantiles)

    def close(self, judged: Judged) -> Floats:
        """1 less the pinball loss, capped at the most that an error of `gates.error_cap` costs, and divided by it."""
        import numpy as np

        levels = self.use_case.quantiles
        most = self.use_case.gates.error_cap * float(np.mean([max(level, 1 - level) for level in levels]))
        return 1 - np.minimum(number_metrics.pinball_losses(judged, levels) / most, 1)


def _mean(losses: Any, levels: tuple[float, ...], judged: Judged) -> Measured | None:  # noqa: ANN401 - a function
    return mean_of(losses(judged, levels)) if len(judged) else None


@dataclass(frozen=True)
class QuantileReporting(Reporting):
    """The quantile in the middle, and the width of the interval between the outermost two."""

    use_case: Quantiles

    def distributions(self, scores: Floats) -> dict[str, Distribution]:
        """The quantile in the middle, and the widths."""
        from sluss.statistics.distributions import number_part

        return {SCORE: number_part(scores[:, self.use_case.middle]), SCORE_WIDTH: number_part(_widths(scores))}

    def score_range(self, usual: Sequence[float]) -> tuple[float, float]:
        """Return the smallest and the largest score on the holdout."""
        return float(usual[0]), float(usual[-1])

    def figures(self, scores: Floats) -> dict[str, float]:
        """The mean width."""
        return {"mean_width": float(_widths(scores).mean())}

    def metrics(self, summary: Summary, conditions: Sequence[Condition]) -> dict[str, float]:  # noqa: ARG002 - none
        """The mean of the quantile in the middle, and the mean width."""
        return {"mean_prediction": summary.mean_score, **summary.figures}

    def in_words(self, summary: Summary) -> str:
        """Return the means of prediction and width in words."""
        target = self.use_case.target
        title, width = target.title.lower(), summary.figures["mean_width"]
        return f"the mean {title} {summary.mean_score:.3g} {target.unit}, intervals {width:.3g} {target.unit} wide"

    def facts(self, summary: Summary) -> dict[str, str]:
        """The mean width."""
        levels, unit = self.use_case.quantiles, self.use_case.target.unit
        return {
            "Interval": f"{summary.figures['mean_width']:.3g} {unit} from quantile {levels[0]:g} to {levels[-1]:g}, on "
            "average."
        }

    def cells(self, summary: Summary) -> dict[str, str]:
        """The mean width."""
        return {"Width": f"{summary.figures['mean_width']:.3g}"}

    @property
    def score_means(self) -> str:
        """The quantile in the middle."""
        use_case = self.use_case
        level = use_case.quantiles[use_case.middle]
        return f"the quantile {level:g} of {use_case.target.title.lower()} in {use_case.target.unit}"

    def plots(self, labels: Labels, scores: Floats) -> dict[str, Figure]:
        """Calibration of the quantiles, and the intervals with the labels."""
        from sluss.problems import holdout_plots

        return {
            "quantile_calibration": holdout_plots.quantile_calibration(labels, scores, self.use_case.quantiles),
            "intervals": holdout_plots.predicted_intervals(labels, scores, self.use_case.target.unit),
        }


def _widths(scores: Floats) -> Floats:
    widths: Floats = scores[:, -1] - scores[:, 0]
    return widths


def problem(use_case: Quantiles) -> Problem:
    """The problem of a use case with a target and quantiles."""
    return Problem(QuantileScoring(use_case), QuantileJudging(use_case), QuantileReporting(use_case))


KIND = ProblemKind("a quantile regression", ("target", "quantiles"), Quantiles, problem)
