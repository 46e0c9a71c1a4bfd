"""The gate `training`: the model is the one that its config makes from its recorded rows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.gates.clean_process.process import Fit, TooSlowError
from sluss.gates.result import GateResult
from sluss.scoring.score import ROUNDING, relative_differences
from sluss.training import software
from sluss.training.fingerprint import pipeline_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sklearn.pipeline import Pipeline

    from sluss.arrays import Floats
    from sluss.gates.evidence import Evidence

_REPEATS = 4  # further fits of a model that no two fits make alike
# A mean of all of a version's distances lies within this multiple of the largest distance between two fits.
_SPREAD = 1.5
_ERRORS = 3  # standard errors that a difference of figures may have
_SAMPLES = ((8, 4), (64, 32))  # every n-th row: two fits, so that the gain by twice the rows is known
_SMALL = 1e-12
_CURE = "Train it through the pipeline: make train USE_CASE={name}."


def training(evidence: Evidence) -> GateResult:
    """Pass if a fit of the recorded config on the recorded rows, in a clean process, gives this very model.

    If no two fits are alike, its scores must be as close to theirs as theirs are to each other. If a fit takes too
    long, fits on samples of the rows must give about its quality.
    """
    started, seconds = time.perf_counter(), evidence.use_case.gates.retrain_seconds
    own, recorded = pipeline_digest(evidence.pipeline), evidence.known.tag("sluss.pipeline")
    if own != recorded:
        sentence = (
            f"Its run recorded the digest {recorded[:12]} for the fitted pipeline, and the stored one has {own[:12]}: "
            f"it is not the model of that training. {_CURE.format(name=evidence.use_case.name)}"
        )
        return GateResult("training", sentence, passed=False)
    try:
        again = evidence.retraining.whole(seconds)
    except TooSlowError:
        return _by_samples(evidence, seconds)
    figures = {"rows": float(len(evidence.rows.train)), "seconds": time.perf_counter() - started}
    if pipeline_digest(again) == own:
        sentence = f"Trained again from its {_rows(evidence)} in a clean process, it comes out the same."
        return GateResult("training", sentence, passed=True, figures=figures)
    return _differing(evidence, again, seconds, figures)


def _rows(evidence: Evidence) -> str:
    return counted(len(evidence.rows.train), "recorded row")


def _differing(evidence: Evidence, again: Pipeline, seconds: float, figures: dict[str, float]) -> GateResult:
    """The verdict on a model that differs from its repetition: is that its nature, or its making?"""
    [twin] = evidence.retraining.more((Fit(),), seconds)
    repeatable = pipeline_digest(twin) == pipeline_digest(again)
    scores = _scores(evidence, [again])[0]
    figures |= {"largest_difference": float(relative_differences(scores, evidence.scores).max())}
    if repeatable and _same_machine(evidence):
        step = _differing_step(evidence.pipeline, [again])
        return GateResult(
            "training", _not_theirs(evidence, step, figures["largest_difference"]), passed=False, figures=figures
        )
    # Another processor adds up in another order. Shuffled rows show how much that can change.
    fits = tuple(Fit(shuffle=seed if repeatable else 0) for seed in range(1, _REPEATS + 1))
    others = [again, *([] if repeatable else [twin]), *evidence.retraining.more(fits, seconds)]
    return _within_spread(evidence, others, figures)


def _same_machine(evidence: Evidence) -> bool:
    tags = evidence.known.tags
    here = {"sluss.python": software.python_version(), "sluss.blas": software.linear_algebra()}
    return all(tags.get(name, here[name]) == here[name] for name in here)


def _not_theirs(evidence: Evidence, step: str, difference: float) -> str:
    return (
        f"Trained again from its {_rows(evidence)} by its recorded config, another model comes out ({step}; on the "
        f"holdout its predictions differ by up to {difference:.3g}): it learned from other rows, was put together by "
        f"hand, or was changed after its training. {_CURE.format(name=evidence.use_case.name)}"
    )


def _within_spread(evidence: Evidence, others: Sequence[Pipeline], figures: dict[str, float]) -> GateResult:
    """Compare the version's scores with those of several fits, which differ from each other, too."""
    import numpy as np

    if step := _differing_step(evidence.pipeline, others):
        return GateResult(
            "training", _not_theirs(evidence, step, figures["largest_difference"]), passed=False, figures=figures
        )
    scores = _scores(evidence, others)
    between = max(_apart(one, other) for place, one in enumerate(scores) for other in scores[:place])
    distance = float(np.median([_apart(evidence.scores, each) for each in scores]))
    figures |= {"distance": distance, "spread": between, "fits": float(len(scores))}
    said = f"the predictions of {counted(len(scores), 'such training')} differ by {between:.3g} on average"
    if distance > _SPREAD * between + ROUNDING or _better_than(evidence, scores):
        sentence = (
            f"It is not what its {_rows(evidence)} make: {said}, its own from theirs by {distance:.3g}. "
            f"{_CURE.format(name=evidence.use_case.name)}"
        )
        return GateResult("training", sentence, passed=False, figures=figures)
    sentence = f"No two trainings give the same model; {said} at most, its own from theirs by {distance:.3g}."
    return GateResult("training", f"{sentence} They come from its {_rows(evidence)}.", passed=True, figures=figures)


def _better_than(evidence: Evidence, scores: Sequence[Floats]) -> bool:
    """Whether the version is better on its holdout than such trainings are: it has learned it."""
    import numpy as np

    close = [float(_close(evidence, each).mean()) for each in scores]
    own = float(_close(evidence, evidence.scores).mean())
    room = _ERRORS * float(np.std(close, ddof=1)) * (1 + 1 / len(close)) ** 0.5
    return bool(own > max(close) + room + _SMALL)


def _differing_step(model: Pipeline, others: Sequence[Pipeline]) -> str:
    """The first step that all fits make alike, and that the model has otherwise; empty without one."""
    steps = [dict(_parts(each)) for each in (model, *others)]
    if any(each.keys() != steps[0].keys() for each in steps[1:]):
        return "its steps are others"
    for name in steps[0]:
        digests = [each[name] for each in steps]
        if len(set(digests[1:])) == 1 and digests[0] != digests[1]:
            return f"its step {name} differs"
    return ""


def _parts(pipeline: Pipeline) -> list[tuple[str, str]]:
    """Digests of the parts of a pipeline, by name: the branches of its preprocessing, and its other steps."""
    found: list[tuple[str, str]] = []
    for name, step in getattr(pipeline, "steps", [("model", pipeline)]):
        for branch, transformer, *_ in getattr(step, "transformers_", [(name, step)]):
            found.append((str(branch), pipeline_digest(transformer)))
    return found


def _scores(evidence: Evidence, pipelines: Sequence[Pipeline]) -> list[Floats]:
    return [evidence.problem.scoring.scores(each, evidence.raw) for each in pipelines]


def _apart(one: Floats, other: Floats) -> float:
    return float(abs(one - other).mean())


def _close(evidence: Evidence, scores: Floats) -> Floats:
    judging = evidence.problem.judging
    close: Floats = judging.close(judging.judged(evidence.judged["label"].to_numpy(), scores))
    return close


def _by_samples(evidence: Evidence, seconds: float) -> GateResult:
    """The verdict on a model whose fit takes too long for the gate."""
    for few, more in _SAMPLES:
        try:
            fitted = evidence.retraining.more((Fit(few), Fit(more)), seconds)
        except TooSlowError:
            continue
        return _beside_samples(evidence, _scores(evidence, fitted), (few, more))
    sentence = (
        f"No fit ends within {counted(seconds, 'second')}, not even on every {_SAMPLES[-1][0]}th of its "
        f"{_rows(evidence)}, so the gate cannot see whether they make this model. Raise gates.retrain_seconds."
    )
    return GateResult("training", sentence, passed=False)


def _beside_samples(evidence: Evidence, scores: Sequence[Floats], every: tuple[int, int]) -> GateResult:
    few, more = (_close(evidence, each) for each in scores)
    own = _close(evidence, evidence.scores)
    low, high = sample_bounds(own, few, more, every[1])
    margin = evidence.use_case.gates.margin
    gain = float(own.mean() - more.mean())
    figures = {"gain": gain, "least": low - margin, "most": high + margin, "every": float(every[1])}
    told = (
        f"a fit on every {every[1]}th of its {_rows(evidence)} reaches {evidence.problem.judging.closeness} "
        f"{more.mean():.3f} on the holdout, and it reaches {own.mean():.3f}"
    )
    if gain > high + margin:
        sentence = f"It is better than its rows can make it: {told}; it knows its holdout, or other rows."
    elif gain < low - margin:
        sentence = f"It is worse than its rows make it: {told}; it was fitted on other rows, or on fewer."
    else:
        sentence = f"A fit on all rows takes longer than {evidence.use_case.gates.retrain_seconds:g} s; {told}."
        return GateResult("training", sentence, passed=True, figures=figures)
    return GateResult(
        "training", f"{sentence} {_CURE.format(name=evidence.use_case.name)}", passed=False, figures=figures
    )


def sample_bounds(own: Floats, few: Floats, more: Floats, every: int) -> tuple[float, float]:
    """Least and most that the closeness of a whole fit may exceed that of a fit on every n-th row.

    Each doubling of the rows gains at most what the last one did, since learning curves flatten: T. Viering, M. Loog
    (2023), The Shape of Learning Curves, IEEE Transactions on Pattern Analysis and Machine Intelligence 45, 7799-7819.

    Args:
        own: closeness of the version on its holdout, shape (n,).
        few: of a fit on half as many rows as `more`.
        more: of a fit on every n-th row.
        every: that n.
    """
    import numpy as np

    doublings, rows = float(np.log2(every)), len(own) ** 0.5
    error = _ERRORS * float(np.std(own - more)) / rows
    # The last gain is known with an error, too; half as many standard errors, because curves flatten.
    of_gain = doublings * _ERRORS / 2 * float(np.std(more - few)) / rows
    last = max(float((more - few).mean()), 0.0)
    return -error, doublings * last + float(np.hypot(error, of_gain))
