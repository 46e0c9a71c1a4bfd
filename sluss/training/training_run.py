"""The content of a training run: parameters, provenance of data and code, and slices."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sluss.interval import partition
from sluss.problems import problem_of
from sluss.registry.names import INPUTS_TAG, RECIPE_TAG, SCHEMA_TAG, UNTIL_TAG
from sluss.schema import SCHEMA
from sluss.training import software
from sluss.training.branches import unused
from sluss.training.components import components_digest, uses_components
from sluss.training.fingerprint import pipeline_digest
from sluss.training.recipe import recipe_digest, recipe_of
from sluss.training.slices import slices

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import DatasetInput

    from sluss.config.use_case import UseCase
    from sluss.context import Context
    from sluss.storage.lake import Lake
    from sluss.training.candidate import Candidate
    from sluss.training.rows import TrainingRows

SLICES_FILE = "slices.json"
# MLflow's page shows the artifacts that this tag lists as tables; its log_table sets the tag, too.
TABLES_TAG = "mlflow.loggedArtifacts"


def parameters(use_case: UseCase) -> dict[str, Any]:
    """Return the run's parameters; those of each step start with its class name."""
    spec = use_case.training
    result: dict[str, Any] = {"window_days": spec.window_days, "holdout_days": spec.holdout_days, "folds": spec.folds}
    result |= {"seed": spec.seed, "features": ",".join(use_case.features)}
    result |= _of_part("estimator", spec.estimator.name, spec.estimator.params)
    labels: set[str] = set()
    for branch in spec.preprocessing:
        labels.add(label := unused(branch.label, labels))
        for step in branch.steps:
            if isinstance(step, str):
                result[f"{label}.{step}"] = step
            else:
                result |= _of_part(f"{label}.{step.name.rpartition('.')[2]}", step.name, step.params)
    return result


def _of_part(path: str, name: str, params: dict[str, Any]) -> dict[str, Any]:
    """A part's class, and its parameters below its path; those of a part in a parameter below that."""
    result: dict[str, Any] = {path: name}
    for key, value in params.items():
        if isinstance(value, dict) and "class" in value:
            result |= _of_part(f"{path}.{key}", value["class"], value.get("params", {}))
        else:
            result[f"{path}.{key}"] = value
    return result


def provenance(context: Context, candidate: Candidate) -> dict[str, str]:
    """Return the run's tags: data, code, packages, and the digest of the fitted pipeline."""
    use_case = context.use_case
    first, end = _window(use_case, candidate)
    commit = software.code_commit(context.settings)
    tags = {
        INPUTS_TAG: candidate.inputs,
        "sluss.use_case": use_case.name,
        SCHEMA_TAG: str(SCHEMA),
        UNTIL_TAG: candidate.until.isoformat(),
        "sluss.data.table": context.lake.uri("curated"),
        "sluss.data.version": str(candidate.rows.curated_version),
        "sluss.data.first": first,
        "sluss.data.end": end,
        "sluss.data.digest": candidate.rows.digest,
        "sluss.labels.version": str(candidate.rows.labels_version),
        "sluss.pipeline": pipeline_digest(candidate.pipeline),
        RECIPE_TAG: recipe_digest(recipe_of(use_case)),
        "sluss.commit": commit,
        "sluss.code": software.code_digest(),
        "sluss.lock": software.lock_digest(),
        "sluss.python": software.python_version(),
        "sluss.blas": software.linear_algebra(),
        "mlflow.source.git.commit": commit.removesuffix("-dirty"),
        "mlflow.source.name": "tasks/train_model.py",
    }
    if uses_components(use_case.training):
        tags["sluss.components"] = components_digest()
    if use_case.training.slices:
        tags[TABLES_TAG] = json.dumps([{"path": SLICES_FILE, "type": "table"}])
    return tags


def _window(use_case: UseCase, candidate: Candidate) -> tuple[str, str]:
    """Return the names of the training window's first partition and of the one after its last."""
    unit, until = use_case.unit, candidate.until
    start = until - timedelta(days=use_case.training.window_days)
    # `until` may lie within a partition, which is then the last one.
    return partition(start, unit), partition(unit.after(until - timedelta.resolution), unit)


def datasets(context: Context, rows: TrainingRows) -> list[DatasetInput]:
    """Return the run's inputs: the Delta tables with the versions that were read, and the digest of the used rows."""
    count = len(rows.train) + len(rows.holdout)
    lake = context.lake
    # MLflow's column holds 36 characters of a digest; a tag has the whole one.
    curated = _dataset(lake, "curated", rows.curated_version, rows.digest[:36], {"num_rows": count})
    return [curated, _dataset(lake, "labels", rows.labels_version, f"version {rows.labels_version}", {})]


def _dataset(lake: Lake, table: str, version: int, digest: str, profile: dict[str, int]) -> DatasetInput:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    source = json.dumps({"path": lake.uri(table), "delta_table_version": version})
    dataset = Dataset(f"{lake.use_case}.{table}", digest, "delta", source, profile=json.dumps(profile))
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])


def slice_table(use_case: UseCase, judged: pd.DataFrame) -> dict[str, Any]:
    """Return the slices in MLflow's format for tables."""
    problem = problem_of(use_case)
    columns = ["column", "value", "rows", problem.judging.metric.name]
    return {"columns": columns, "data": [list(dataclasses.astuple(each)) for each in slices(problem, judged)]}
