"""Versions as the training registers them, and as mistakes would, and the answer of one gate."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.gates.clean_process.process import CleanProcess
from sluss.gates.evidence import Evidence
from sluss.gates.judge import _GATES, _answer
from sluss.registry import versions
from sluss.training import register
from sluss.training.blas import one_blas_thread
from sluss.training.candidate import Candidate
from sluss.training.evaluation import judge
from sluss.training.fit import unfitted
from sluss.training.fitting import fit_weights
from sluss.training.rows import TrainingRows, training_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pandas as pd
    from mlflow.entities.model_registry import ModelVersion
    from sklearn.pipeline import Pipeline

    from sluss.context import Context
    from sluss.gates.result import GateResult

GATES = {gate.__name__: gate for gate in _GATES}


def fitted(use_case, train: pd.DataFrame) -> Pipeline:
    """The use case's pipeline, fitted on some rows."""
    pipeline = unfitted(use_case)
    with one_blas_thread():
        weights = fit_weights(use_case, pipeline, train)
        return pipeline.fit(train[list(use_case.features)], train["label"], **weights)


def rows_until(context: Context, until: datetime) -> TrainingRows:
    """The rows of a training."""
    return training_rows(context.lake, context.use_case, until)


def registered(context: Context, pipeline: Pipeline, rows: TrainingRows, until: datetime) -> ModelVersion:
    """Register a fitted pipeline as the training does, whatever it was fitted on."""
    with one_blas_thread():
        verdict = judge(pipeline, context.use_case, rows.train, rows.holdout)
    candidate = Candidate(pipeline, verdict, rows, until, f"test {id(pipeline)} {id(rows)}", 1.0)
    return versions.by_version(context, register.register(context, candidate).version)


@contextmanager
def evidence_on(context: Context, version: ModelVersion) -> Iterator[Evidence]:
    """The evidence on a version, with a clean process that ends with the block."""
    with tempfile.TemporaryDirectory() as scratch, CleanProcess(Path(scratch)) as process:
        yield Evidence(context, version, process)


def answer(context: Context, gate: str, version: ModelVersion) -> GateResult:
    """The result of one gate on a version."""
    with evidence_on(context, version) as evidence:
        return _answer(GATES[gate], evidence)
