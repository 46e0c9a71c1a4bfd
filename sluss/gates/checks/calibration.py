"""The gate `calibration`: the probabilities and quantiles on the holdout mean about what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.gates.result import GateResult
from sluss.statistics.calibration import Calibration, shifted
from sluss.statistics.calibration import calibration as measured

if TYPE_CHECKING:
    from sluss.gates.evidence import Evidence
    from sluss.problems.judging import Forecast

_CHANCE = 0.001  # of refusing a calibrated model, for each forecast
_NEARLY_ALL, _RARELY = 0.95, 0.01
_STEEP = 20.0  # log odds that have to be multiplied by more than this hardly differ from each other
_ERRORS = 3  # standard errors
# Parameters that change how frequent a class looks to the fit, in a config or in its estimator.
_WEIGHTS = re.compile(r'"(class_weight|sample_weight|scale_pos_weight|is_unbalance|auto_class_weights)":(?!null)')
_CURE = (
    "Calibrate it (sklearn.calibration.CalibratedClassifierCV) or choose another estimator. If nothing uses its "
    "probabilities, set gates.max_calibration_error to 1. Then train it again."
)
_OVERCONFIDENT = (
    " It is too certain, as a tree whose leaves hold one row and a single nearest neighbour are: raise "
    "min_samples_leaf or n_neighbors."
)


@dataclass(frozen=True)
class _Finding:
    forecast: Forecast
    found: Calibration
    reweighed: bool

    @property
    def too_certain(self) -> bool:
        """Whether it knows no doubt, and is wrong now and then."""
        return self.found.certain >= _NEARLY_ALL and self.found.wrong > _RARELY

    def fault(self, limit: float) -> str:
        """Why it is refused, in words; empty if it is not."""
        found, forecast = self.found, self.forecast
        if limit >= 1:
            return ""
        if self.too_certain:
            return (
                f"{found.certain:.0%} of the probabilities of {forecast.name} are 0 or 1, and {found.wrong:.1%} of "
                "those did not come true"
            )
        if found.slope - _ERRORS * found.slope_error > _STEEP:
            low, high = float(forecast.probabilities.min()), float(forecast.probabilities.max())
            return (
                f"the probabilities of {forecast.name} hardly differ ({low:.4f} to {high:.4f}), although the rows do: "
                f"their log odds are {counted(round(found.slope), 'time')} too small"
            )
        if found.error > limit and found.p_value < _CHANCE:
            return (
                f"{forecast.name} comes true {forecast.happened.mean():.1%} of the time, and its probability is "
                f"{forecast.probabilities.mean():.1%} on average; by rows of like probability, both differ by "
                f"{found.error:.3f} ({limit:g} is allowed)"
            )
        return ""


def calibration(evidence: Evidence) -> GateResult:
    """Pass if what it forecasts happens about as often as it says. A regression forecasts no probabilities."""
    limit = evidence.use_case.gates.max_calibration_error
    labels = evidence.judged["label"].to_numpy()
    findings = [_measure(evidence, each) for each in evidence.problem.judging.forecasts(labels, evidence.scores)]
    if not findings:
        sentence = "It predicts no probabilities, so there is nothing to calibrate."
        return GateResult("calibration", sentence, passed=True)
    worst = max(findings, key=lambda each: each.found.error)
    figures = {
        "error": worst.found.error,
        "limit": limit,
        "p_value": worst.found.p_value,
        "slope": worst.found.slope,
        "certain_share": worst.found.certain,
    }
    if faults := [fault for each in findings if (fault := each.fault(limit))]:
        certain = _OVERCONFIDENT if any(each.too_certain for each in findings) else ""
        sentence = f"On the holdout, {'; '.join(faults[:3])}.{certain} {_CURE}"
        return GateResult("calibration", sentence, passed=False, figures=figures)
    apart = " (apart from their mean, which the weights of the fit shift)" if worst.reweighed else ""
    sentence = (
        f"On {counted(len(labels), 'row')} of the holdout, probability and share of {worst.forecast.name} differ by "
        f"{worst.found.error:.3f} more than by chance{apart}; {limit:g} is allowed."
    )
    return GateResult("calibration", sentence, passed=True, figures=figures)


def _measure(evidence: Evidence, forecast: Forecast) -> _Finding:
    # With weights, the mean probability is not the share among the rows.
    reweighed = bool(_WEIGHTS.search(evidence.known.use_case.training.model_dump_json(by_alias=True)))
    probabilities = forecast.probabilities
    if reweighed:
        probabilities = shifted(probabilities, forecast.happened)
    found = measured(probabilities, forecast.happened)
    return _Finding(forecast, found, reweighed)
