"""The gate `quality`: floors on the holdout and each of its slices, guessing, and the champion."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sluss.gates.comparison import Comparison, compare
from sluss.gates.result import GateResult
from sluss.training.slices import slice_values, slices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluss.gates.evidence import Evidence


@dataclass(frozen=True)
class _Finding:
    """The answer to one of the gate's four questions."""

    sentence: str
    passed: bool
    figures: dict[str, float] = field(default_factory=dict)


def quality(evidence: Evidence) -> GateResult:
    """Pass if it reaches its floors on the holdout and slices, beats guessing, and is not worse than the champion."""
    findings = [_floor(evidence), _guessing(evidence), *_slices(evidence), _champion(compare(evidence))]
    refused = [finding for finding in findings if not finding.passed]
    figures = {name: value for finding in findings for name, value in finding.figures.items()}
    sentence = " ".join(finding.sentence for finding in refused or findings if finding.sentence)
    return GateResult("quality", sentence, not refused, figures)


def _floor(evidence: Evidence) -> _Finding:
    metric, floor = evidence.use_case.training.metric, evidence.use_case.gates.min_metric
    judged = evidence.judged
    found = evidence.problem.judging.estimate(judged["label"].to_numpy(), judged["score"].to_numpy(dtype=float))
    if found is None:
        return _Finding(f"Its holdout of {len(judged):,} rows does not define {metric}.", passed=False)
    figures = {metric: found.value, "floor": floor}
    if found.value < floor:
        sentence = f"Its {metric} on the holdout is {found.value:.3f}, below the floor of {floor:.3f}."
        return _Finding(sentence, passed=False, figures=figures)
    return _Finding(f"Its {metric} on the holdout is {found.value:.3f}.", passed=True, figures=figures)


def _guessing(evidence: Evidence) -> _Finding:
    judging, judged, least = evidence.problem.judging, evidence.judged, evidence.use_case.gates.min_gain
    baseline = evidence.run.data.metrics.get(f"baseline_{judging.row_metric}")
    if baseline is None:
        return _Finding(f"Its run has no metric baseline_{judging.row_metric} for guessing.", passed=False)
    value = float(judging.by_row(judged["label"].to_numpy(), judged["score"].to_numpy()).mean())
    gain = judging.gain(value, baseline)
    figures = {"gain": gain, "min_gain": least}
    if gain < least:
        beaten = f"It beats guessing ({judging.told(baseline)}) by {gain:.3f}{judging.gain_of} only"
        sentence = f"{beaten}; {least:.3f} is required."
        return _Finding(sentence, passed=False, figures=figures)
    return _Finding(f"Guessing gives {judging.told(baseline)}.", passed=True, figures=figures)


def _slices(evidence: Evidence) -> Iterator[_Finding]:
    """Yield a finding for each slice below its floor, and one for the worst slice."""

    judging, use_case, rows = evidence.problem.judging, evidence.use_case, evidence.rows
    parts = slice_values(use_case, rows.train, rows.holdout).assign(id=rows.holdout["id"])
    judged = evidence.judged[["id", "label", "score"]].merge(parts, on="id")
    found = [each for each in slices(judging, judged) if each.rows >= use_case.gates.slice_min_rows]
    for each in found:
        if fault := judging.slice_fault(each.figure):
            sentence = f"On the {each.rows:,} rows with {each.column} = {each.value} its {fault}."
            yield _Finding(sentence, passed=False)
    if found:
        worst = judging.worst(found, key=lambda each: each.figure)
        sentence = (
            f"The worst of {len(found)} slices, {worst.column} = {worst.value}, has {judging.told(worst.figure)}."
        )
        yield _Finding(sentence, passed=True, figures={f"worst_slice_{judging.row_metric}": worst.figure})


def _champion(comparison: Comparison | None) -> _Finding:
    if comparison is None:
        return _Finding("", passed=True)  # the first version, or the champion itself: only the floors apply
    return _Finding(str(comparison), comparison.passed, comparison.figures)
