"""Find versions of a registered model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.errors import ModelError
from sluss.registry.names import CHAMPION

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from sluss.context import Context


def champion(context: Context) -> ModelVersion:
    """Return the version in production.

    Raises:
        ModelError: no version has the alias.
    """
    found = by_alias(context, CHAMPION)
    if found is None:
        raise ModelError(
            f"No version of {context.use_case.model} is the champion yet, so there is nothing to predict with. "
            f"Train and deploy one: make train deploy USE_CASE={context.use_case.name}."
        )
    return found


def by_alias(context: Context, alias: str) -> ModelVersion | None:
    """Return the version with the alias, or None."""
    from mlflow.exceptions import MlflowException

    client = context.client
    with context.reachable():
        try:
            return client.get_model_version_by_alias(context.use_case.model, alias)
        except MlflowException as error:
            # MLflow answers with the first code if it has no such model, and with the second if the model has no such
            # alias.
            if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                return None
            raise


def by_version(context: Context, version: str) -> ModelVersion:
    """Return the version with that number.

    Raises:
        ModelError: it was never registered.
    """
    from mlflow.exceptions import MlflowException

    use_case = context.use_case
    client = context.client
    with context.reachable():
        try:
            return client.get_model_version(use_case.model, version)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise ModelError(
                f"{use_case.model} has no version {version}. See the versions on MLflow's Models page, "
                f"or train one: make train USE_CASE={use_case.name}."
            ) from None


def asked_for(context: Context, version: str | None) -> ModelVersion:
    """Return the version with this number; without one, the newest.

    Raises:
        ModelError: the version does not exist.
    """
    return by_version(context, version) if version else newest(context)


def newest(context: Context) -> ModelVersion:
    """Return the version that was registered last.

    Raises:
        ModelError: none is registered.
    """
    use_case = context.use_case
    found = every(context)
    if not found:
        raise ModelError(
            f"No version of {use_case.model} is registered. Train one: make train USE_CASE={use_case.name}."
        )
    return found[max(found, key=int)]


def every(context: Context) -> dict[str, ModelVersion]:
    """Return all versions by number."""
    # MLflow ends the last page with an empty token.
    client, found, page = context.client, dict[str, "ModelVersion"](), None
    with context.reachable():
        while page != "":
            answer = client.search_model_versions(f"name = '{context.use_case.model}'", page_token=page)
            found |= {str(version.version): version for version in answer}
            page = answer.token or ""
    return found
