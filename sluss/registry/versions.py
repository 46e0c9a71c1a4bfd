"""Find versions of a registered model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.errors import ModelError
from sluss.registry.names import CHAMPION
from sluss.tracking.client import connect, reachable

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase


def champion(settings: Settings, use_case: UseCase) -> ModelVersion:
    """The version in production.

    Raises:
        ModelError: no version bears the alias.
    """
    found = by_alias(settings, use_case, CHAMPION)
    if found is None:
        raise ModelError(
            f"No version of {use_case.model} is the champion yet, so there is nothing to predict with. "
            f"Train and deploy one: make train deploy USE_CASE={use_case.name}."
        )
    return found


def by_alias(settings: Settings, use_case: UseCase, alias: str) -> ModelVersion | None:
    """The version that bears the alias, or None."""
    from mlflow.exceptions import MlflowException

    client = connect(settings)
    with reachable(settings):
        try:
            return client.get_model_version_by_alias(use_case.model, alias)
        except MlflowException as error:
            if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                return None
            raise


def by_version(settings: Settings, use_case: UseCase, version: str) -> ModelVersion:
    """The version with that number.

    Raises:
        ModelError: it was never registered.
    """
    from mlflow.exceptions import MlflowException

    client = connect(settings)
    with reachable(settings):
        try:
            return client.get_model_version(use_case.model, version)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise ModelError(
                f"{use_case.model} has no version {version}. See the versions on MLflow's Models page, "
                f"or train one: make train USE_CASE={use_case.name}."
            ) from None


def asked_for(settings: Settings, use_case: UseCase, version: str | None) -> ModelVersion:
    """The version with this number; without one, the newest.

    Raises:
        ModelError: there is no such version.
    """
    return by_version(settings, use_case, version) if version else newest(settings, use_case)


def newest(settings: Settings, use_case: UseCase) -> ModelVersion:
    """The version that was registered last.

    Raises:
        ModelError: none is registered.
    """
    found = every(settings, use_case)
    if not found:
        raise ModelError(
            f"No version of {use_case.model} is registered. Train one: make train USE_CASE={use_case.name}."
        )
    return found[max(found, key=int)]


def every(settings: Settings, use_case: UseCase) -> dict[str, ModelVersion]:
    """All versions, by their numbers."""
    client, found, page = connect(settings), dict[str, "ModelVersion"](), None
    with reachable(settings):
        while page != "":
            answer = client.search_model_versions(f"name = '{use_case.model}'", page_token=page)
            found |= {str(version.version): version for version in answer}
            page = answer.token or ""
    return found
