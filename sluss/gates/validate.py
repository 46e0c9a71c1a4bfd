"""Run the gates on a registered version and keep their verdicts on its run."""

from __future__ import annotations

import json
import logging
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sluss.errors import ModelError, ServiceError
from sluss.gates.checks.leak import rows_not_compared
from sluss.gates.judge import judge
from sluss.registry import descriptions, versions
from sluss.registry.names import GATE_TAG, GATES_TAG
from sluss.tracking.client import denied
from sluss.training.training_run import TABLES_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluss.context import Context
    from sluss.gates.evidence import Evidence
    from sluss.gates.result import GateResult

_TABLE = "gates.json"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Validation:
    """The results of all gates on a version."""

    version: str
    results: tuple[GateResult, ...]
    lost: str | None = None  # the champion that it was not compared with, because its model is lost
    unlearned: str | None = None  # the champion whose run or rows are gone, as a person accepts for the gate leak

    @property
    def refusals(self) -> tuple[GateResult, ...]:
        """The results of the gates that refuse the version."""
        return tuple(result for result in self.results if not result.passed)


def validate(context: Context, version: str | None = None, *, uncompared: bool = False) -> Validation:
    """Validate a version (by default the newest), and record the results on its run.

    Args:
        context: settings and use case.
        version: its number.
        uncompared: a person accepts that a champion whose artifacts, run or rows are lost cannot be compared with.

    Raises:
        ModelError: the version does not exist, or has no run that this process may write to.
        ServiceError: MLflow or the lake does not answer.
    """

    evidence, results = judge(context, lambda: versions.asked_for(context, version), uncompared=uncompared)
    _record(evidence, results)
    for result in results:
        level = logging.INFO if result.passed else logging.WARNING
        _LOG.log(level, "%s %s: %s", result.gate, result.verdict, result.sentence)
    lost = str(evidence.champion.version) if evidence.champion and evidence.champion_lost else None
    validation = Validation(str(evidence.version.version), results, lost)
    if uncompared and not validation.refusals and rows_not_compared(evidence) is not None:
        assert evidence.champion is not None
        return replace(validation, unlearned=str(evidence.champion.version))
    return validation


def _record(evidence: Evidence, results: tuple[GateResult, ...]) -> None:
    """Log the results to the candidate's run: as tags, metrics and a table; and to the version's description."""
    from mlflow.entities import Metric, RunTag

    now = time.time_ns() // 1_000_000
    tags = [RunTag(f"{GATE_TAG}{result.gate}", f"{result.verdict}: {result.sentence}") for result in results]
    refused = ", ".join(result.gate for result in results if not result.passed)
    tags.append(RunTag(GATES_TAG, f"refused: {refused}" if refused else "passed"))
    tags.append(RunTag(TABLES_TAG, _tables(evidence.run.data.tags.get(TABLES_TAG, "[]"))))
    metrics = [
        Metric(f"gate.{result.gate}.{name}", value, now, 0)
        for result in results
        for name, value in result.figures.items()
    ]
    rows = [[result.gate, result.verdict, result.sentence, json.dumps(result.figures)] for result in results]
    client, run_id = evidence.context.client, evidence.version.run_id
    with _writable(evidence), evidence.context.reachable():
        client.log_batch(run_id, metrics=metrics, tags=tags)
        client.log_dict(run_id, {"columns": ["gate", "verdict", "sentence", "figures"], "data": rows}, _TABLE)
    shown = [(result.gate, result.verdict, result.sentence) for result in results]
    descriptions.describe(evidence.context, evidence.version, shown)


@contextmanager
def _writable(evidence: Evidence) -> Iterator[None]:
    """Turn a refused write to the version's run into a sentence that names both accounts.

    Raises:
        ModelError: the account of this process may not write to the run.
    """
    try:
        yield
    except ServiceError as error:
        if not denied(error):
            raise
        version, info = evidence.version, evidence.run.info
        raise ModelError(
            f"{version.name} version {version.version} was judged, but its verdicts cannot be kept: it was registered "
            f"by hand, from a run of {info.user_id or 'another account'}, and the account "
            f"{os.environ.get('MLFLOW_TRACKING_USERNAME', 'of this process')} may not write to that run. Let an "
            f"administrator of MLflow grant it EDIT on experiment {info.experiment_id}, or train the version through "
            f"the pipeline: make train USE_CASE={evidence.use_case.name}."
        ) from None


def _tables(known: str) -> str:
    """Add our table to MLflow's list of the artifacts that its pages show as tables."""
    table = {"path": _TABLE, "type": "table"}
    tables = json.loads(known)
    return json.dumps(tables if table in tables else [*tables, table])
