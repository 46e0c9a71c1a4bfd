"""Run all gates on one version."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.disk import full_disk
from sluss.errors import ServiceError, SlussError
from sluss.gates.checks.age import age
from sluss.gates.checks.calibration import calibration
from sluss.gates.checks.contract import contract
from sluss.gates.checks.data import data
from sluss.gates.checks.environment import environment
from sluss.gates.checks.identity import identity
from sluss.gates.checks.labels import labels
from sluss.gates.checks.leak import leak
from sluss.gates.checks.monitoring import monitoring
from sluss.gates.checks.preprocessing import preprocessing
from sluss.gates.checks.quality import quality
from sluss.gates.checks.safety import safety
from sluss.gates.checks.speed import speed
from sluss.gates.checks.training import training
from sluss.gates.clean_process.process import CleanProcess
from sluss.gates.evidence import Evidence
from sluss.gates.result import GateResult
from sluss.registry import artifacts

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow.entities.model_registry import ModelVersion

    from sluss.context import Context


# `preprocessing` and `training` come late: the clean processes work while the gates before them run.
_GATES = (
    data, labels, leak, contract, identity, safety, environment, monitoring, quality, age, calibration, preprocessing,
    training, speed,
)  # fmt: skip


def judge(
    context: Context, find: Callable[[], ModelVersion], *, uncompared: bool = False
) -> tuple[Evidence, tuple[GateResult, ...]]:
    """Return the evidence on a version, and the result of every gate.

    Args:
        context: settings and use case.
        find: returns the version. It is called after the clean process, which takes longest, was started.
        uncompared: a person accepts that a champion whose artifacts, run or rows are lost cannot be compared with.

    Raises:
        ModelError: the version does not exist, or has no run.
        ServiceError: MLflow or the lake does not answer.
    """
    with (
        tempfile.TemporaryDirectory(dir=artifacts.copies(context.settings)) as scratch,
        CleanProcess(Path(scratch)) as process,
    ):
        process.start()
        evidence = Evidence(context, find(), process, uncompared=uncompared)
        assert evidence.run is not None  # raises without a run: the verdicts are stored there
        with contextlib.suppress(Exception):  # the gate that needs the missing part raises again and refuses
            process.ask(evidence.model_file, evidence.raw, evidence.problem.scoring.method)
            evidence.retraining.begin()
        return evidence, tuple(_answer(gate, evidence) for gate in _GATES)


def _answer(gate: Callable[[Evidence], GateResult], evidence: Evidence) -> GateResult:
    """Run a gate. Any error but ServiceError is a refusal: a gate that cannot decide must not pass a version."""
    try:
        return gate(evidence)
    except ServiceError:
        raise
    except SlussError as error:
        if full := full_disk(error):
            raise full from error
        return GateResult(gate.__name__, str(error), passed=False)
    except Exception as error:  # a damaged or foreign artifact can raise any exception
        if full := full_disk(error):
            raise full from error
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return GateResult(gate.__name__, f"The gate cannot decide, so it refuses: {reason}.", passed=False)
