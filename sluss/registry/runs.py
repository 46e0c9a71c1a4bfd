"""The run of a version, which a person may have deleted for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.errors import ModelError

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

    from sluss.context import Context

GONE = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})  # MLflow's codes: no such run, no run at all


def run_of(context: Context, version: ModelVersion) -> Run:
    """Return the run that made a version, also a deleted one as long as MLflow keeps it.

    Raises:
        ModelError: MLflow has no such run any more.
        ServiceError: MLflow does not answer.
    """
    from mlflow.exceptions import MlflowException

    with context.reachable():
        try:
            return context.client.get_run(version.run_id or "")
        except MlflowException as error:
            if error.error_code not in GONE:
                raise
            raise ModelError(
                f"MLflow has no run of {version.name} version {version.version} any more, as after 'mlflow gc'. "
                "Restore MLflow's database from a backup, or go on with another version: make train deploy "
                f"USE_CASE={context.use_case.name}."
            ) from None
