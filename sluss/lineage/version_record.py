"""The provenance of a version: tags, parameters and verdicts, as its run and its registration recorded them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sluss.interval import partition
from sluss.registry import ledger
from sluss.registry.champion import in_ledger
from sluss.registry.names import GATE_TAG, UNTIL_TAG
from sluss.registry.versions import every
from sluss.tracking.client import connect, reachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase
    from sluss.context import Context

UNKNOWN = "not recorded"
_AT_ONCE = 200  # runs a request


@dataclass(frozen=True)
class Provenance:
    """One version's provenance. Facts that its run did not record are `UNKNOWN`."""

    version: str
    run_id: str
    registration: ModelVersion
    tags: dict[str, str]
    params: dict[str, str]
    gates: dict[str, str] = field(default_factory=dict)  # by name: `passed: sentence` or `refused: sentence`
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def registered(self) -> datetime:
        """The time of its registration, in UTC."""
        return datetime.fromtimestamp(self.registration.creation_timestamp / 1000, UTC)

    def tag(self, name: str) -> str:
        """Return the tag `sluss.<name>` of the version or its run."""
        return self.tags.get(f"sluss.{name}", UNKNOWN)

    @property
    def features(self) -> list[str]:
        """Its input columns in order, from its run and not from the present config."""
        return self.params.get("features", "").split(",")

    @property
    def until(self) -> datetime | None:
        """Training used only rows that arrived before this moment; None if it was not recorded."""
        text = self.tags.get(UNTIL_TAG)
        return datetime.fromisoformat(text) if text else None

    @property
    def refusals(self) -> list[str]:
        """Names of the gates that refuse it."""
        return [name for name, verdict in self.gates.items() if not verdict.startswith("passed")]

    def window(self, use_case: UseCase) -> tuple[str, str] | None:
        """Return the names of the first partition it was trained or judged on, and of the one after the last."""
        if "sluss.data.first" in self.tags and "sluss.data.end" in self.tags:
            return self.tags["sluss.data.first"], self.tags["sluss.data.end"]
        if self.until is None or "window_days" not in self.params:
            return None
        start = self.until - timedelta(days=int(self.params["window_days"]))
        return partition(start, use_case.unit), partition(self.until, use_case.unit)

    def held_out_from(self, use_case: UseCase) -> str | None:
        """Return the name of the first partition of its holdout."""
        if self.until is None or "holdout_days" not in self.params:
            return None
        return partition(self.until - timedelta(days=int(self.params["holdout_days"])), use_case.unit)


def of_version(context: Context, version: str, run_id: str | None = None) -> Provenance:
    """Return the provenance of one version, in two requests. A run tells two models of one number apart.

    Raises:
        ModelError: the version was never registered.
        ServiceError: MLflow does not answer.
    """
    found = in_ledger(context, ledger.read(context.lake), version, run_id)
    return next(_with_runs(context.settings, [found]))


def of_all(context: Context) -> list[Provenance]:
    """Return the provenance of all versions, the oldest first."""
    found = every(context)
    return list(_with_runs(context.settings, [found[number] for number in sorted(found, key=int)]))


def _with_runs(settings: Settings, versions: Sequence[ModelVersion]) -> Iterator[Provenance]:
    runs = _runs(settings, sorted({str(version.run_id) for version in versions}))
    for version in versions:
        run = runs.get(str(version.run_id))
        # The version's tags win: they were set in the call that registered it, and a run's can be changed later.
        tags = dict(run.data.tags) | dict(version.tags) if run else dict(version.tags)
        yield Provenance(
            version=str(version.version),
            run_id=str(version.run_id),
            registration=version,
            tags=tags,
            params=dict(run.data.params) if run else {},
            metrics=dict(run.data.metrics) if run else {},
            gates={
                name.removeprefix(GATE_TAG): verdict
                for name, verdict in sorted(tags.items())
                if name.startswith(GATE_TAG)
            },
        )


def _runs(settings: Settings, ids: list[str]) -> dict[str, Run]:
    """Return the runs by id, from all experiments; also deleted runs, because a version outlives its run."""
    from mlflow.entities import ViewType

    client, runs = connect(settings), dict[str, "Run"]()
    with reachable(settings):
        experiments = [found.experiment_id for found in client.search_experiments(view_type=ViewType.ALL)]
        for start in range(0, len(ids), _AT_ONCE):
            wanted = ", ".join(f"'{run_id}'" for run_id in ids[start : start + _AT_ONCE])
            found = client.search_runs(experiments, f"attributes.run_id IN ({wanted})", ViewType.ALL, _AT_ONCE)
            runs |= {run.info.run_id: run for run in found}
    return runs
