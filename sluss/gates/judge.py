"""All gates, one after the other, on one version."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.errors import ServiceError, SlussError
from sluss.gates.checks.data import data
from sluss.gates.checks.environment import environment
from sluss.gates.checks.identity import identity
from sluss.gates.checks.monitoring import monitoring
from sluss.gates.checks.preprocessing import preprocessing
from sluss.gates.checks.quality import quality
from sluss.gates.checks.safety import safety
from sluss.gates.checks.speed import speed
from sluss.gates.clean_process.client import FreshProcess
from sluss.gates.clean_process.fork_server import ahead
from sluss.gates.evidence import Evidence
from sluss.gates.result import GateResult
from sluss.registry import artifacts

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow.entities.model_registry import ModelVersion

    from sluss.context import Context


# In an order that leaves the fresh process time to work.
_GATES = (data, identity, safety, environment, monitoring, quality, preprocessing, speed)


def judge(context: Context, find: Callable[[], ModelVersion]) -> tuple[Evidence, tuple[GateResult, ...]]:
    """What every gate says of a version.

    Args:
        settings: where things are.
        use_case: whose limits count.
        find: gives the version. It is asked when the fresh process, which takes longest, is on its way.

    Raises:
        ModelError: there is no such version, or it has no run.
        ServiceError: MLflow or the lake does not answer.
    """
    with tempfile.TemporaryDirectory(dir=artifacts.copies(context.settings)) as scratch:
        fresh = FreshProcess(Path(scratch))
        fresh.prepare(ahead(context.settings))
        evidence = Evidence(context, find(), fresh)
        assert evidence.run is not None  # without a run there is nowhere to keep what the gates say
        with contextlib.suppress(Exception):  # what is missing, the gates meet again and say
            fresh.ask(evidence.model_file, evidence.raw, evidence.problem.method)
        return evidence, tuple(_answer(gate, evidence) for gate in _GATES)


def _answer(gate: Callable[[Evidence], GateResult], evidence: Evidence) -> GateResult:
    """A gate that cannot decide refuses, whatever kept it from deciding, except a service that does not answer."""
    try:
        return gate(evidence)
    except ServiceError:
        raise
    except SlussError as error:
        return GateResult(gate.__name__, str(error), passed=False)
    except Exception as error:  # noqa: BLE001 - what a damaged or foreign artifact raises is anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return GateResult(gate.__name__, f"It cannot be decided, and so it is refused: {reason}.", passed=False)
