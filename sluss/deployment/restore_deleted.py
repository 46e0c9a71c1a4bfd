"""Restore what was deleted on MLflow's pages and is still needed: experiments, and the runs of registered versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.registry import versions

if TYPE_CHECKING:
    from sluss.context import Context

_DELETED = "deleted"


def restore_deleted(context: Context) -> list[str]:
    """Restore the use case's deleted experiments and runs, and return a sentence for each.

    MLflow keeps what its pages delete until `mlflow gc` runs.

    Raises:
        ServiceError: MLflow does not answer, or refuses.
    """
    return [*_experiments(context), *_runs(context)]


def _experiments(context: Context) -> list[str]:
    client, use_case, done = context.client, context.use_case, list[str]()
    with context.reachable():
        for each in (use_case.experiment, use_case.data_experiment, use_case.monitoring_experiment):
            found = client.get_experiment_by_name(each)
            if found is not None and found.lifecycle_stage == _DELETED:
                client.restore_experiment(found.experiment_id)
                done.append(f"The experiment {each} had been deleted in MLflow; it is restored with its runs.")
    return done


def _runs(context: Context) -> list[str]:
    from mlflow.exceptions import MlflowException

    client, done = context.client, []
    with context.reachable():
        for number, version in sorted(versions.every(context).items(), key=lambda each: int(each[0])):
            try:
                run = client.get_run(version.run_id or "")
            except MlflowException as error:
                if error.error_code not in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                    raise
                continue  # gone for good, or registered from a folder: the gate `identity` refuses it
            if run.info.lifecycle_stage == _DELETED:
                client.restore_run(version.run_id)
                done.append(f"The run of version {number} had been deleted in MLflow; it is restored.")
    return done
