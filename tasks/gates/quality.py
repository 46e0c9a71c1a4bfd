"""Is the model good enough? Floors on the holdout, beside the trivial baseline."""

from tasks.gates.result import GateResult
from tasks.shared.use_case import UseCase


def quality(use_case: UseCase, metrics: dict[str, float]) -> GateResult:
    """The holdout metric reaches its floor, and accuracy beats guessing the most frequent class by the margin."""
    spec, metric = use_case.gates, use_case.training.metric
    value, accuracy = metrics.get(f"holdout_{metric}"), metrics.get("holdout_accuracy")
    baseline = metrics.get("baseline_accuracy")
    if value is None or accuracy is None or baseline is None:
        return GateResult("quality", "The run has no holdout metrics, so nobody knows how good it is.", passed=False)
    gain = accuracy - baseline
    if value < spec.min_metric:
        sentence = f"Its {metric} on the holdout is {value:.3f}, below the floor of {spec.min_metric:.3f}."
    elif gain < spec.min_gain:
        sentence = f"It beats guessing ({baseline:.3f}) by {gain:.3f} only; {spec.min_gain:.3f} is asked."
    else:
        sentence = f"Its {metric} on the holdout is {value:.3f}; guessing gives {baseline:.3f}."
    figures = {metric: value, "floor": spec.min_metric, "gain": gain, "min_gain": spec.min_gain}
    return GateResult("quality", sentence, value >= spec.min_metric and gain >= spec.min_gain, figures)
