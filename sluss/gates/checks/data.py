"""Was it trained on curated rows that are still there, and enough of them?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.gates.result import GateResult
from sluss.storage.lake import Lake

if TYPE_CHECKING:
    from sluss.gates.evidence import Candidate
    from sluss.training.rows import TrainingRows


def data(candidate: Candidate) -> GateResult:
    """Its rows can be read again and are the recorded ones; they are enough, and their labels can be told apart."""
    rows = candidate.read_rows
    figures = {"training_rows": float(len(rows.train)), "holdout_rows": float(len(rows.holdout))}
    if reason := _reason(candidate, rows):
        return GateResult("data", reason, passed=False, figures=figures)
    sentence = (
        f"It learned from {len(rows.train):,} rows and was judged on {len(rows.holdout):,}; they are read again from "
        f"curated version {rows.curated_version} with the recorded digest {rows.digest[:12]}."
    )
    return GateResult("data", sentence, passed=True, figures=figures)


def _reason(candidate: Candidate, rows: TrainingRows) -> str | None:
    """Why it is refused, if it is."""
    limits, curated = candidate.use_case.gates, Lake(candidate.settings, candidate.use_case.name).uri("curated")
    table, digest = candidate.known.tag("sluss.data.table"), candidate.known.tag("sluss.data.digest")
    if table != curated:
        return f"It was trained on {table} and not on the curated rows of {curated}, which the checks let through."
    if digest != rows.digest:
        return (
            f"The rows read again from curated version {rows.curated_version} have the digest {rows.digest[:12]}, "
            f"recorded is {digest[:12]}: it was trained on other rows, or with another config. Train it again."
        )
    if len(rows.train) < limits.min_training_rows or len(rows.holdout) < limits.min_holdout_rows:
        return (
            f"It learned from {len(rows.train):,} rows and was judged on {len(rows.holdout):,}; at least "
            f"{limits.min_training_rows:,} and {limits.min_holdout_rows:,} are asked. Wait for more labels."
        )
    if fault := _unlearnable(candidate, rows):
        return fault
    if _judged_on_other_rows(candidate, rows):
        return "The holdout that it carries has other rows or labels than the curated one. Train it again."
    return None


def _unlearnable(candidate: Candidate, rows: TrainingRows) -> str | None:
    for part, frame in (("learned from", rows.train), ("was judged on", rows.holdout)):
        if fault := candidate.kind.unlearnable(frame["label"].to_numpy()):
            return f"Among the rows that it {part} {fault}. Widen its window."
    return None


def _judged_on_other_rows(candidate: Candidate, rows: TrainingRows) -> bool:
    judged = candidate.judged
    return list(judged["id"]) != list(rows.holdout["id"]) or list(judged["label"]) != list(rows.holdout["label"])
