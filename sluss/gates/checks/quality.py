"""The gate `quality`: floors on the holdout and each of its slices, guessing, and the champion."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.gates.comparison import compare
from sluss.gates.luck import chance_of_luck
from sluss.gates.result import GateResult
from sluss.problems.judging import worst
from sluss.training.slices import slice_values, slices

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from sluss.gates.evidence import Evidence
    from sluss.problems.judging import Limit
    from sluss.problems.metrics import Metric


@dataclass(frozen=True)
class _Finding:
    """The answer to one of the gate's four questions."""

    sentence: str
    passed: bool
    figures: dict[str, float] = field(default_factory=dict)


def quality(evidence: Evidence) -> GateResult:
    """Pass if it reaches its floors on the holdout and slices, beats guessing, and is not worse than the champion."""
    of_holdout = [_floor(evidence), _guessing(evidence), _luck(evidence), *_slices(evidence)]
    findings = [*of_holdout, _champion(evidence)]
    refused = [finding for finding in findings if not finding.passed]
    figures = {name: value for finding in findings for name, value in finding.figures.items()}
    sentence = " ".join(finding.sentence for finding in refused or findings if finding.sentence)
    return GateResult("quality", sentence, not refused, figures)


def _floor(evidence: Evidence) -> _Finding:
    judging, judged = evidence.problem.judging, evidence.judged
    metric, limit = judging.metric, judging.floor()
    value = judging.value(judged["label"].to_numpy(), evidence.scores)
    if value is None:
        return _Finding(f"Its holdout of {counted(len(judged), 'row')} does not define {metric.name}.", passed=False)
    figures = {metric.name: value, "floor": limit.value}
    shown = f"{value:.3f}" if not metric.lower_is_better else f"{value:.3g}{judging.in_unit(metric)}"
    said = f"Its {metric.name} on the holdout is {shown}"
    if limit.broken_by(value):
        return _Finding(f"{said}, {_beyond(limit)}.", passed=False, figures=figures)
    return _Finding(f"{said}.", passed=True, figures=figures)


def _beyond(limit: Limit) -> str:
    if limit.metric.lower_is_better:
        return f"above the limit of {limit.value:g}"
    return f"below the floor of {limit.value:.3f}"


def _guessing(evidence: Evidence) -> _Finding:
    judging, judged, least = evidence.problem.judging, evidence.judged, evidence.use_case.gates.min_gain
    name = f"baseline_{judging.metric.name}"
    baseline = evidence.run.data.metrics.get(name)
    if baseline is None:
        return _Finding(f"Its run has no metric {name} for guessing.", passed=False)
    value = judging.value(judged["label"].to_numpy(), evidence.scores)
    if value is None:
        return _Finding("", passed=True)  # the floor reports it
    gain = judging.gain(value, baseline)
    figures = {"gain": gain, "min_gain": least}
    if gain < least:
        chance = judging.chance_of_gain(evidence.rows.train, evidence.rows.holdout, evidence.scores)
        if gain + chance < least:
            name = f"{judging.guessing[0].lower()}{judging.guessing[1:]}"
            beaten = f"It beats {name} ({judging.told(baseline)}) by {gain:.3f}{judging.gain_of} only"
            by_chance = f", {chance:.3f} less by chance" if chance else ""
            return _Finding(f"{beaten}; {least:.3f} is required{by_chance}.", passed=False, figures=figures)
    return _Finding(f"{judging.guessing} gives {judging.told(baseline)}.", passed=True, figures=figures)


def _luck(evidence: Evidence) -> _Finding:
    """A first champion has to be shown to be better than guessing; later ones are compared with the champion."""
    if (evidence.champion is not None and not evidence.champion_lost) or evidence.in_production:
        return _Finding("", passed=True)
    chance, most = chance_of_luck(evidence), evidence.use_case.gates.max_chance
    if chance is None:
        return _Finding("", passed=True)
    figures = {"chance": chance, "max_chance": most}
    if chance <= most:
        return _Finding("", passed=True, figures=figures)
    rows = counted(len(evidence.judged), "row")
    return _Finding(
        f"{rows} of holdout do not show that it is better than guessing: a model that only guesses looks as good in "
        f"{chance:.0%} of such holdouts, and {most:.0%} are allowed. Train it on more rows or on other features, or, "
        "if you know that it is better, raise gates.max_chance (1 asks for no proof) and train it again.",
        passed=False,
        figures=figures,
    )


def _slices(evidence: Evidence) -> Iterator[_Finding]:
    """Yield a finding for each slice beyond a limit, and one for the worst slice by each metric."""
    use_case, rows = evidence.use_case, evidence.rows
    # By the present config, whose slices may differ from those at the training.
    parts = slice_values(use_case, rows.train, rows.holdout).assign(id=rows.holdout["id"])
    judged = evidence.judged[["id", "label", *evidence.problem.scoring.stored]].merge(parts, on="id")
    limits = {limit.metric.name: limit for limit in evidence.problem.judging.slice_limits()}
    for metric in evidence.problem.judging.slice_metrics():
        yield from _slices_by(metric, limits.get(metric.name), evidence, judged)


def _slices_by(metric: Metric, limit: Limit | None, evidence: Evidence, judged: pd.DataFrame) -> Iterator[_Finding]:
    found = slices(evidence.problem, judged, metric.name)
    found = [each for each in found if each.rows >= evidence.use_case.gates.slice_min_rows]
    told = evidence.problem.judging.told
    for each in found:
        if limit and limit.broken_by(each.figure):
            where = f"On the {counted(each.rows, 'row')} with {each.column} = {each.value} its"
            yield _Finding(f"{where} {_fault(limit, each.figure, evidence)}.", passed=False)
    if found:
        last = worst(metric)(found, key=lambda each: each.figure)
        sentence = (
            f"The worst of {counted(len(found), 'slice')}, {last.column} = {last.value}, has "
            f"{told(last.figure, metric)}."
        )
        yield _Finding(sentence, passed=True, figures={f"worst_slice_{metric.name}": last.figure})


def _fault(limit: Limit, value: float, evidence: Evidence) -> str:
    metric = limit.metric
    name = metric.title[0].lower() + metric.title[1:] if metric.title != metric.title.upper() else metric.title
    if metric.lower_is_better:
        unit = evidence.problem.judging.in_unit(metric)
        return f"{name} is {value:.3g}{unit}, more than the {limit.value:g} of a slice"
    return f"{name} is {value:.3f}, below the floor of {limit.value:.3f} for a slice"


def _champion(evidence: Evidence) -> _Finding:
    if evidence.champion_lost:
        return _lost_champion(evidence)
    comparison = compare(evidence)
    if comparison is None:
        return _Finding("", passed=True)  # the first version, or the champion itself: only the floors apply
    return _Finding(str(comparison), comparison.passed, comparison.figures)


def _lost_champion(evidence: Evidence) -> _Finding:
    """Refuse without a person's word: lost artifacts must not be a way around the comparison."""
    assert evidence.champion is not None
    number, name = evidence.champion.version, evidence.use_case.name
    fault = f"It cannot be compared with the champion, version {number}, whose model is lost: {evidence.champion_lost}"
    if evidence.uncompared:
        return _Finding(f"{fault} A person accepts that.", passed=True)
    back = evidence.intact_before
    first = (
        f"Go back to version {back}, which is intact: make rollback USE_CASE={name}. Or restore" if back else "Restore"
    )
    return _Finding(
        f"{fault} {first} the artifact store from a backup. If it is lost for good, deploy without the comparison: "
        f"make deploy USE_CASE={name} VERSION={evidence.version.version} REASON='version {number} is lost'.",
        passed=False,
    )
