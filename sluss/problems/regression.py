"""A number: a score is the predicted number, in the target's unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.config.data import Column
from sluss.problems.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from matplotlib.figure import Figure
    from sklearn.base import BaseEstimator
    from sklearn.model_selection import KFold

    from sluss.arrays import Floats, Labels
    from sluss.config.use_case import Regression
    from sluss.statistics.figures import Summary


class Regressor(Problem):
    """A regression. How sure the model is, it does not say."""

    estimator = "a regressor"
    model_type = "regressor"
    method = "predict"
    row_metric = "mae"
    worst = max
    gain_of = " of that"
    guessing = "mean absolute error of the training window's median"
    closeness = "closeness"

    def __init__(self, use_case: Regression) -> None:
        self.use_case = use_case

    @property
    def label(self) -> Column:
        """A number within the target's bounds."""
        target = self.use_case.target
        return Column(kind="number", minimum=target.minimum, maximum=target.maximum)

    def label_type(self) -> pa.DataType:
        """Double."""
        import pyarrow as pa

        return pa.float64()

    def unlearnable(self, labels: Labels) -> str | None:
        """Labels that do not differ."""
        return None if len(set(labels)) > 1 else "all have the same label"

    def fits(self, estimator: BaseEstimator) -> bool:
        """Whether scikit-learn calls it a regressor."""
        from sklearn.base import is_regressor

        return bool(is_regressor(estimator))

    def folds(self, count: int, seed: int) -> KFold:
        """Of the same size."""
        from sklearn.model_selection import KFold

        return KFold(count, shuffle=True, random_state=seed)

    def metrics(self, labels: Labels, scores: Floats) -> dict[str, float]:
        """R², D² of the absolute error, mean absolute error and root mean squared error."""
        from sklearn import metrics

        return {
            "r2": float(metrics.r2_score(labels, scores)),
            "d2_absolute_error_score": float(metrics.d2_absolute_error_score(labels, scores)),
            "mae": float(metrics.mean_absolute_error(labels, scores)),
            "rmse": float(metrics.root_mean_squared_error(labels, scores)),
        }

    def baseline(self, learned: Labels, labels: Labels) -> dict[str, float]:
        """Each of the guess that is the best for it: the absolute error of the median, the squared one of the mean."""
        import numpy as np

        return {
            "baseline_mae": float(np.abs(labels - np.median(learned)).mean()),
            "baseline_rmse": float(np.sqrt(((labels - learned.mean()) ** 2).mean())),
        }

    def by_row(self, labels: Labels, scores: Floats) -> Floats:
        """Absolute errors, in the target's unit."""
        import numpy as np

        return np.abs(scores - labels)

    def told(self, value: float) -> str:
        """With its name and unit."""
        return f"a mean absolute error of {value:.3g} {self.use_case.target.unit}"

    def gain(self, value: float, baseline: float) -> float:
        """The share of the baseline's error that is gone, a skill score: A. H. Murphy (1988), MWR 116, 2417–2424."""
        return 1 - value / baseline

    def slice_fault(self, value: float) -> str | None:
        """Too large an error."""
        limit, unit = self.use_case.gates.slice_max_error, self.use_case.target.unit
        return (
            f"mean absolute error is {value:.3g} {unit}, more than the {limit:g} of a slice" if value > limit else None
        )

    def close(self, labels: Labels, scores: Floats) -> Floats:
        """1 less the absolute error, which is capped at `gates.error_cap` and divided by it."""
        import numpy as np

        return 1 - np.minimum(self.by_row(labels, scores) / self.use_case.gates.error_cap, 1)

    def wrong(self, scores: Floats) -> str | None:
        """Infinite, or no number."""
        import numpy as np

        return None if np.isfinite(scores).all() else "no finite numbers"

    def predictions(self, scores: Floats) -> dict[str, pa.Array]:  # noqa: ARG002 - they say it all
        """Nothing."""
        return {}

    def receipt(self, prediction: Mapping[str, Any]) -> dict[str, str | float]:
        """The number with its unit."""
        return {"predicted": f"{prediction['score']:.4g} {self.use_case.target.unit}"}

    def profile(self, scores: Floats) -> dict[str, Any]:  # noqa: ARG002 - their distribution says it all
        """Nothing."""
        return {}

    def score_range(self, usual: Sequence[float]) -> tuple[float, float]:
        """From the smallest to the largest on the holdout."""
        return float(usual[0]), float(usual[-1])

    def measured(self, scores: Floats) -> dict[str, float | None]:  # noqa: ARG002 - there is none
        """No confidence, no class."""
        return {"mean_confidence": None, "low_confidence_share": None, "positive_share": None}

    def monitored(self, summary: Summary) -> dict[str, float]:
        """The mean."""
        return {"mean_prediction": summary.mean_score}

    def in_words(self, summary: Summary) -> str:
        """Their mean."""
        target = self.use_case.target
        return f"the mean {target.title.lower()} {summary.mean_score:.3g} {target.unit}"

    @property
    def score_means(self) -> str:
        """The target with its unit."""
        return f"predicted {self.use_case.target.title.lower()} in {self.use_case.target.unit}"

    def plots(self, labels: Labels, scores: Floats) -> dict[str, Figure]:
        """Actual against predicted values, residuals against predicted values, and how residuals are distributed."""
        from sluss.problems import plots

        unit = self.use_case.target.unit
        return {
            "predicted_against_actual": plots.prediction_errors(labels, scores, unit),
            "residuals": plots.residuals(labels, scores, unit),
            "residual_distribution": plots.residual_distribution(labels, scores, unit),
        }
