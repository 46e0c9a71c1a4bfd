"""Candidates: what a training run logs, and its registration as a model version."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.digests import artifact_digest
from sluss.errors import ModelError
from sluss.interval import partition
from sluss.monitoring.estimate import estimation_rows
from sluss.monitoring.profile import build_profile
from sluss.problems import problem_of
from sluss.problems.slicing import slice_bounds
from sluss.registry import versions
from sluss.registry.artifacts import BOUNDS_FILE, CONFIG_FILE, ESTIMATION_FILE, FOUND_FILE, HOLDOUT_FILE, PROFILE_FILE
from sluss.registry.names import DIGEST_TAG, INPUTS_TAG, RECIPE_TAG, SCHEMA_TAG, UNTIL_TAG
from sluss.registry.runs import run_of
from sluss.registry.trusted_types import TRUSTED_TYPES
from sluss.schema import SCHEMA
from sluss.tracking.client import experiment_id
from sluss.tracking.processes import PROCESS_TAG, end_dead_runs, this_process
from sluss.tracking.safe_names import safe_name
from sluss.training import software
from sluss.training.candidate import Candidate, Registered
from sluss.training.components import (
    COMPONENTS_FILE,
    component_files,
    component_names,
    components_digest,
    uses_components,
)
from sluss.training.recipe import recipe_digest, recipe_of
from sluss.training.training_run import SLICES_FILE, datasets, parameters, provenance, slice_table
from sluss.training.trial_runs import chosen_parameters, log_trials

if TYPE_CHECKING:
    from datetime import datetime

    from mlflow import MlflowClient
    from mlflow.models import Model

    from sluss.config.use_case import UseCase
    from sluss.context import Context
    from sluss.interval import Unit


_EXAMPLE_ROWS = 3
_OF_PROBLEM = {"group", "classes", "decision", "target", "quantiles", "forecast", "ranking"}


def inputs_digest(use_case: UseCase, rows_digest: str) -> str:
    """Return the SHA-256 over all inputs of a training: rows, config, lock file, Python and code."""
    decides = {
        "rows": rows_digest,
        "training": use_case.training.model_dump(mode="json"),
        "features": use_case.features,
        "problem": use_case.model_dump(mode="json", include=_OF_PROBLEM),
        "lock": software.lock_digest(),
        "python": software.python_version(),
        "code": software.code_digest(),
    }
    if uses_components(use_case.training):
        decides["components"] = components_digest()
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def find(context: Context, inputs: str) -> Registered | None:
    """Return the version that was trained from these inputs before, or None."""
    client = context.client
    with context.reachable():
        found = client.search_model_versions(f"name = '{context.use_case.model}' and tag.`{INPUTS_TAG}` = '{inputs}'")
        if not found:
            return None
    try:
        metrics = run_of(context, found[0]).data.metrics
    except ModelError:  # no gate would pass it: it is trained again
        return None
    return Registered(str(found[0].version), str(found[0].run_id), dict(metrics))


def register(context: Context, candidate: Candidate) -> Registered:
    """Log the run and all artifacts, then register the model in a last, atomic call.

    A step that is killed before that call leaves a run, but never an incomplete version.
    """
    use_case = context.use_case
    client = context.client
    import mlflow

    experiment = experiment_id(context.settings, client, use_case.experiment)
    name = f"train until {_named(candidate.until, use_case.unit)}"
    with context.reachable():
        end_dead_runs(client, [experiment])
    tags = {PROCESS_TAG: this_process().tag}
    with context.reachable(), mlflow.start_run(experiment_id=experiment, run_name=name, tags=tags):
        run_id = str(mlflow.active_run().info.run_id)
        _log_run(client, run_id, context, candidate)
        log_trials(client, run_id, experiment, candidate.verdict.trials, use_case.training.metric)
        model_id, digest = _log_model(client, run_id, use_case, candidate)
        # Passed to the call that creates the version: tags that were set afterwards could be missing if the step is
        # killed.
        marks = {DIGEST_TAG: digest, INPUTS_TAG: candidate.inputs, UNTIL_TAG: candidate.until.isoformat()}
        marks |= {RECIPE_TAG: recipe_digest(recipe_of(use_case)), SCHEMA_TAG: str(SCHEMA)}
        version = str(versions.create(context, (f"models:/{model_id}", run_id), marks).version)
    return Registered(version, run_id, candidate.verdict.metrics)


def _named(until: datetime, unit: Unit) -> str:
    """Name the end of the training data as the interval that begins there; to the minute if it lies within one."""
    return partition(until, unit) if unit.start_of(until) == until else f"{until:%Y-%m-%dT%H:%M}"


def _log_run(client: MlflowClient, run_id: str, context: Context, candidate: Candidate) -> None:
    from mlflow.entities import Metric, Param, RunTag

    use_case = context.use_case
    measured = candidate.verdict.metrics | {
        "train_rows": len(candidate.rows.train),
        "holdout_rows": len(candidate.rows.holdout),
        "seconds": candidate.seconds,
    }
    params = parameters(use_case) | chosen_parameters(candidate.verdict.trials)
    moment = int(candidate.until.timestamp() * 1000)
    client.log_batch(
        run_id,
        metrics=[Metric(safe_name(name), float(value), moment, 0) for name, value in measured.items()],
        params=[Param(safe_name(name), str(value)) for name, value in params.items()],
        tags=[RunTag(name, value) for name, value in provenance(context, candidate).items()],
    )
    client.log_inputs(run_id, datasets=datasets(context, candidate.rows))
    if use_case.training.slices:
        client.log_dict(run_id, slice_table(use_case, candidate.verdict.judged), SLICES_FILE)


def _log_model(client: MlflowClient, run_id: str, use_case: UseCase, candidate: Candidate) -> tuple[str, str]:
    """Log the model, and return its id and the digest of its artifacts.

    These are the steps of `mlflow.sklearn.log_model`, except that it also loads the model to test it. Here the gates do
    that, in a clean process.
    """
    from mlflow.entities import LoggedModelOutput
    from mlflow.models import Model

    experiment = client.get_run(run_id).info.experiment_id
    logged = client.create_logged_model(
        experiment, name="model", source_run_id=run_id, model_type=problem_of(use_case).scoring.model_type
    )
    described = Model(artifact_path=logged.artifact_location, model_uuid=logged.model_id, run_id=run_id)
    described.model_id = logged.model_id
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        _save(folder, described, use_case, candidate)
        client.log_model_artifacts(logged.model_id, str(folder))
        # Of the files as they were sent, not as the store returns them: any later difference counts as a change.
        digest = artifact_digest(folder)
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
    return str(logged.model_id), digest


def _save(folder: Path, described: Model, use_case: UseCase, candidate: Candidate) -> None:
    """Write all artifacts: the pipeline without pickle, signature, example, requirements and reference profile."""
    import mlflow
    from mlflow.models import infer_signature

    rows, features, method = candidate.rows, list(use_case.features), problem_of(use_case).scoring.method
    example = rows.train[features].head(_EXAMPLE_ROWS)
    mlflow.sklearn.save_model(
        candidate.pipeline,
        str(folder),
        mlflow_model=described,
        signature=infer_signature(example, getattr(candidate.pipeline, method)(example)),
        input_example=example,
        pip_requirements=software.exact_requirements(software.optional_packages(use_case.training)),
        serialization_format="skops",
        skops_trusted_types=[*TRUSTED_TYPES, *component_names()],
        pyfunc_predict_fn=method,
    )
    if found := candidate.verdict.found:
        (folder / FOUND_FILE).write_text(json.dumps(dict(found)), encoding="utf-8")
    decided = use_case.with_found(found)
    profile = build_profile(decided, rows.train, rows.holdout, candidate.verdict.scores, candidate.verdict.labels)
    (folder / PROFILE_FILE).write_text(json.dumps(profile), encoding="utf-8")
    (folder / CONFIG_FILE).write_text(use_case.model_dump_json(by_alias=True), encoding="utf-8")
    (folder / BOUNDS_FILE).write_text(json.dumps(slice_bounds(use_case, rows.train)), encoding="utf-8")
    candidate.verdict.judged.to_parquet(folder / HOLDOUT_FILE, index=False)
    verdict = candidate.verdict
    known = estimation_rows(use_case, rows.holdout, (verdict.scores, verdict.labels), profile["vocabularies"])
    if known is not None:
        known.to_parquet(folder / ESTIMATION_FILE, index=False)
    if uses_components(use_case.training):
        (folder / COMPONENTS_FILE).write_text(json.dumps(component_files()), encoding="utf-8")
