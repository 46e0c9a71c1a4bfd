"""The aliases of a registered model: champion and previous."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluss.context import Context


class _NotRegisteredError(Exception):
    """MLflow has no such model, or no such version of it."""


def of(context: Context) -> dict[str, str]:
    """Version by alias; empty until a version is registered.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    try:
        with _registered(context):
            found = context.client.get_registered_model(context.use_case.model).aliases
    except _NotRegisteredError:
        return {}
    return {alias: str(version) for alias, version in found.items()}


def point(context: Context, alias: str, version: str | None) -> bool:
    """Let the alias name a version, or none. Return False if that version has been deleted.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    model = context.use_case.model
    try:
        with _registered(context):
            if version is None:
                context.client.delete_registered_model_alias(model, alias)
            else:
                context.client.set_registered_model_alias(model, alias, version)
    except _NotRegisteredError:
        return False
    return True


@contextmanager
def _registered(context: Context) -> Iterator[None]:
    client = context.client  # which imports MLflow, with the settings that it needs before
    assert client is not None
    from mlflow.exceptions import MlflowException

    with context.reachable():
        try:
            yield
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                raise _NotRegisteredError from error
            raise
