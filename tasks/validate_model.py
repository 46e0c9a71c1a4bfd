"""Run the gates on a registered version and keep what they said on its run."""

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.gates.result import GateResult
from tasks.shared.cli import parser, run_step
from tasks.shared.settings import Settings
from tasks.shared.use_case import UseCase

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


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
        ModelError: there is no such version.
        ServiceError: MLflow does not answer.
    """
    from tasks.gates.identity import identity
    from tasks.gates.quality import quality
    from tasks.hub import registry
    from tasks.hub.tracking import connect, reachable

    candidate = registry.by_version(settings, use_case, version) if version else registry.newest(settings, use_case)
    client = connect(settings)
    with reachable(settings):
        metrics = client.get_run(candidate.run_id).data.metrics
    results = (quality(use_case, metrics), identity(settings, candidate))
    _record(settings, candidate, results)
    return Validation(str(candidate.version), results)


def _record(settings: Settings, candidate: "ModelVersion", results: tuple[GateResult, ...]) -> None:
    """Tags on the candidate's run, so that a person reads in one place why a version was refused."""
    from mlflow.entities import RunTag

    from tasks.hub.tracking import connect, reachable

    verdicts = [RunTag(f"sluss.gate.{r.gate}", f"{'passed' if r.passed else 'refused'}: {r.sentence}") for r in results]
    with reachable(settings):
        connect(settings).log_batch(candidate.run_id, tags=verdicts)


def show(use_case: UseCase, validation: Validation) -> None:
    """Print the gates as a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "gate", "verdict", "why", title=f"Gates of {use_case.model} version {validation.version}", title_justify="left"
    )
    for result in validation.results:
        table.add_row(result.gate, "[green]passed" if result.passed else "[red]refused", result.sentence)
    Console().print(table)


def arguments(description: str) -> argparse.Namespace:
    """The command line that validation and deployment share."""
    result = parser(description)
    result.add_argument("--version", help="number of the version; the newest by default")
    return result.parse_args()


def main() -> None:
    """Parse, validate and print; exit code 1 when a gate refuses."""
    given = arguments(__doc__ or "")

    def step(settings: Settings, use_case: UseCase) -> None:
        validation = run(settings, use_case, given.version)
        show(use_case, validation)
        sys.exit(1 if validation.refusals else 0)

    run_step(given, step)


if __name__ == "__main__":
    main()
