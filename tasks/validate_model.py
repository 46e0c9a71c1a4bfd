"""Run the gates on a registered version and keep what they said on its run."""

import json
import logging
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.gates.result import GateResult
from tasks.hub.registry import GATE_TAG
from tasks.shared.cli import run_step, version_parser
from tasks.shared.settings import Settings
from tasks.shared.use_case import UseCase

if TYPE_CHECKING:
    from tasks.gates.candidate import Candidate

_TABLE = "gates.json"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Validation:
    """What every gate said of a version."""

    version: str
    results: tuple[GateResult, ...]

    @property
    def refusals(self) -> tuple[GateResult, ...]:
        """The gates that refuse it."""
        return tuple(result for result in self.results if not result.passed)


def run(settings: Settings, use_case: UseCase, version: str | None = None) -> Validation:
    """Validate a version (by default the newest).

    Raises:
        ModelError: there is no such version, or it has no run.
        ServiceError: MLflow or the lake does not answer.
    """
    from tasks.gates.judge import judge
    from tasks.hub import registry

    candidate, results = judge(settings, use_case, lambda: registry.asked_for(settings, use_case, version))
    _record(candidate, results)
    for result in results:
        _LOG.info("%s %s: %s", result.gate, result.verdict, result.sentence)
    return Validation(str(candidate.version.version), results)


def _record(candidate: "Candidate", results: tuple[GateResult, ...]) -> None:
    """Tags, metrics and a table on the candidate's run: a person reads in one place why a version was refused."""
    from mlflow.entities import Metric, RunTag

    from tasks.hub.made_from import TABLES_TAG
    from tasks.hub.tracking import connect, reachable

    now = time.time_ns() // 1_000_000
    tags = [RunTag(f"{GATE_TAG}{result.gate}", f"{result.verdict}: {result.sentence}") for result in results]
    tags.append(RunTag(TABLES_TAG, _tables(candidate.run.data.tags.get(TABLES_TAG, "[]"))))
    metrics = [
        Metric(f"gate.{result.gate}.{name}", value, now, 0)
        for result in results
        for name, value in result.figures.items()
    ]
    rows = [[result.gate, result.verdict, result.sentence, json.dumps(result.figures)] for result in results]
    client, run_id = connect(candidate.settings), candidate.version.run_id
    with reachable(candidate.settings):
        client.log_batch(run_id, metrics=metrics, tags=tags)
        client.log_dict(run_id, {"columns": ["gate", "verdict", "sentence", "figures"], "data": rows}, _TABLE)


def _tables(known: str) -> str:
    """MLflow's list of the artifacts that its pages show as tables, with ours among them."""
    table = {"path": _TABLE, "type": "table"}
    tables = json.loads(known)
    return json.dumps(tables if table in tables else [*tables, table])


def show(use_case: UseCase, validation: Validation) -> None:
    """Print the gates as a table."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        "gate", "verdict", "why", title=f"Gates of {use_case.model} version {validation.version}", title_justify="left"
    )
    for result in validation.results:
        table.add_row(result.gate, f"[{'green' if result.passed else 'red'}]{result.verdict}", escape(result.sentence))
    Console().print(table)


def main() -> None:
    """Parse, validate and print; exit code 1 when a gate refuses."""
    given = version_parser(__doc__ or "").parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        validation = run(settings, use_case, given.version)
        show(use_case, validation)
        sys.exit(1 if validation.refusals else 0)

    run_step(given, step, opens_model=True)


if __name__ == "__main__":
    main()
