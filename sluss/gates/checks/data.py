"""The gate `data`: the version was trained on enough curated rows, which still exist."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.gates.result import GateResult

if TYPE_CHECKING:
    from sluss.gates.evidence import Evidence
    from sluss.training.rows import TrainingRows


def data(evidence: Evidence) -> GateResult:
    """Pass if its rows, read again, have the recorded digest, and are enough, with labels that can be learned."""
    rows = evidence.read_rows
    figures = {"training_rows": float(len(rows.train)), "holdout_rows": float(len(rows.holdout))}
    if reason := _reason(evidence, rows):
        return GateResult("data", reason, passed=False, figures=figures)
    sentence = (
        f"It learned from {counted(len(rows.train), 'row')} and was judged on {len(rows.holdout):,}; they are read "
        f"again from curated version {rows.curated_version} with the recorded digest {rows.digest[:12]}."
    )
    return GateResult("data", sentence, passed=True, figures=figures)


def _reason(evidence: Evidence, rows: TrainingRows) -> str | None:
    """Return the reason to refuse, or None."""
    limits, curated = evidence.use_case.gates, evidence.context.lake.uri("curated")
    table, digest = evidence.known.tag("sluss.data.table"), evidence.known.tag("sluss.data.digest")
    if table != curated and not _was_moved(evidence, table):
        return f"It was trained on {table} and not on the curated rows of {curated}, which passed the checks."
    if digest != rows.digest:
        return (
            f"The rows read again from curated version {rows.curated_version} have the digest {rows.digest[:12]}, "
            f"recorded is {digest[:12]}: it was trained on other rows, or with another config. Train it again."
        )
    if len(rows.train) < limits.min_training_rows or len(rows.holdout) < limits.min_holdout_rows:
        return (
            f"It learned from {counted(len(rows.train), 'row')} and was judged on {len(rows.holdout):,}; at least "
            f"{limits.min_training_rows:,} and {limits.min_holdout_rows:,} are required. Wait for more labels."
        )
    if fault := _unlearnable(evidence, rows):
        return fault
    if _judged_on_other_rows(evidence, rows):
        return "Its recorded holdout has different rows or labels than the curated one. Train it again."
    return None


def _was_moved(evidence: Evidence, table: str) -> bool:
    """Whether the table is that of the same lake in an earlier place of the home, which was moved since.

    The rows are read again from the lake as it is, and must have the recorded digest.
    """
    settings, own = evidence.context.settings, Path("lake", evidence.use_case.name, "curated").parts
    return settings.lake == str(settings.home / "lake") and Path(table).is_absolute() and Path(table).parts[-3:] == own


def _unlearnable(evidence: Evidence, rows: TrainingRows) -> str | None:
    for part, frame in (("learned from", rows.train), ("was judged on", rows.holdout)):
        if fault := evidence.problem.judging.unlearnable(frame["label"].to_numpy()):
            return f"Among the rows that it {part} {fault}. Widen its window."
    return None


def _judged_on_other_rows(evidence: Evidence, rows: TrainingRows) -> bool:
    # The gate `quality` computes the metric from this file. Without the comparison, a version could bring a holdout
    # that flatters it.
    judged = evidence.judged
    return list(judged["id"]) != list(rows.holdout["id"]) or list(judged["label"]) != list(rows.holdout["label"])
