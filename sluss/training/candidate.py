"""A candidate before its registration, and a version after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from sklearn.pipeline import Pipeline

    from sluss.training.evaluation import Verdict
    from sluss.training.rows import TrainingRows


@dataclass(frozen=True)
class Candidate:
    """A fitted pipeline, its verdict, and its provenance. `seconds` is the duration of the training."""

    pipeline: Pipeline
    verdict: Verdict
    rows: TrainingRows
    until: datetime
    inputs: str
    seconds: float


@dataclass(frozen=True)
class Registered:
    """A version in the registry, with its run and metrics."""

    version: str
    run_id: str
    metrics: dict[str, float]
