"""Train a model on curated rows, judge it on the days after, log and register it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.training import register
from sluss.training.blas import one_blas_thread
from sluss.training.candidate import Candidate
from sluss.training.fit import fit_and_judge
from sluss.training.rehearsal import rehearse
from sluss.training.rows import newest_end, training_rows

if TYPE_CHECKING:
    from datetime import datetime

    from sluss.context import Context


@dataclass(frozen=True)
class TrainedModel:
    """A registered version. `reused` is true if identical inputs had been trained before."""

    name: str
    version: str
    run_id: str
    metrics: dict[str, float]
    reused: bool


def train(context: Context, until: datetime | None = None, *, force: bool = False) -> TrainedModel:
    """Train, judge and register a candidate on the rows known at `until` (by default: all rows).

    For the same data, config, code and packages as before it returns the existing version, unless `force` is set.

    Raises:
        ConfigError: the pipeline in the config cannot be built.
        DataError: the training window has no curated rows, or too few.
        ServiceError: the lake or MLflow does not answer.
    """

    use_case = context.use_case
    started = time.perf_counter()
    lake = context.lake
    until = until or newest_end(lake, use_case)
    rows = training_rows(lake, use_case, until)
    inputs = register.inputs_digest(use_case, rows.digest)
    # The digest covers rows, config, packages and code: the same inputs would give the same model again.
    if not force and (known := register.find(context, inputs)):
        return TrainedModel(use_case.model, known.version, known.run_id, known.metrics, reused=True)
    with one_blas_thread():
        rehearse(use_case, rows.train)
        pipeline, verdict = fit_and_judge(use_case, rows)
    candidate = Candidate(pipeline, verdict, rows, until, inputs, time.perf_counter() - started)
    registered = register.register(context, candidate)
    return TrainedModel(use_case.model, registered.version, registered.run_id, verdict.metrics, reused=False)
