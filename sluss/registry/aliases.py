"""The aliases of a registered model: which of its versions is called champion, and which previous.

To import MLflow takes more than a second, and a rollback may take no more than one. So a process that has not imported
it asks the REST API of MLflow's server, or reads MLflow's file; all others use MLflow's client.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

from sluss.errors import ServiceError
from sluss.registry import alias_rows
from sluss.tracking.client import connect, login_refused, no_answer, reachable

if TYPE_CHECKING:
    from sluss.config.settings import Settings
    from sluss.context import Context

_MODELS = "/api/2.0/mlflow/registered-models"
_PATIENCE = 30  # seconds


class _NotRegisteredError(Exception):
    """There is no such model, or no such version of it."""


def of(context: Context) -> dict[str, str]:
    """Version by alias; none where no version was registered yet.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    use_case = context.use_case
    if _by_rows(context.settings):
        return alias_rows.read(context.settings, use_case.model)
    try:
        return (
            _asked(context.settings, use_case.model)
            if _by_rest(context.settings)
            else _of_client(context.settings, use_case.model)
        )
    except _NotRegisteredError:
        return {}


def point(context: Context, alias: str, version: str | None) -> bool:
    """Let the alias name a version, or none. False: that version is not registered any more.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    if _by_rows(context.settings):
        return alias_rows.point(context.settings, context.use_case.model, alias, version)
    point_it = _point_by_rest if _by_rest(context.settings) else _point_by_client
    try:
        point_it(context.settings, context.use_case.model, alias, version)
    except _NotRegisteredError:
        return False
    return True


def _by_rest(settings: Settings) -> bool:
    """Whether to do without MLflow's client: it knows more kinds of logins, and may have been imported already."""
    login = "MLFLOW_TRACKING_USERNAME" in os.environ and "MLFLOW_TRACKING_PASSWORD" in os.environ
    return login and settings.mlflow_uri.startswith(("http://", "https://")) and "mlflow" not in sys.modules


def _by_rows(settings: Settings) -> bool:
    """Whether to do without MLflow's client, on its file."""
    return "mlflow" not in sys.modules and alias_rows.are_known(settings)


def _asked(settings: Settings, model: str) -> dict[str, str]:
    found = _request(settings, "GET", f"{_MODELS}/get?{urllib.parse.urlencode({'name': model})}")
    return {each["alias"]: str(each["version"]) for each in found["registered_model"].get("aliases", ())}


def _point_by_rest(settings: Settings, model: str, alias: str, version: str | None) -> None:
    if version is None:
        _request(settings, "DELETE", f"{_MODELS}/alias", {"name": model, "alias": alias})
    else:
        _request(settings, "POST", f"{_MODELS}/alias", {"name": model, "alias": alias, "version": version})


def _request(settings: Settings, method: str, path: str, content: dict[str, str] | None = None) -> Any:  # noqa: ANN401
    login = f"{os.environ['MLFLOW_TRACKING_USERNAME']}:{os.environ['MLFLOW_TRACKING_PASSWORD']}"
    request = urllib.request.Request(  # noqa: S310 - `_by_rest` saw that it is http
        settings.mlflow_uri.rstrip("/") + path,
        data=None if content is None else json.dumps(content).encode(),
        headers={
            "Authorization": f"Basic {base64.b64encode(login.encode()).decode()}",
            "Content-Type": "application/json",
        },
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            said = error.read().decode(errors="replace")
        if error.code in {401, 403}:
            raise login_refused(settings) from None
        if "RESOURCE_DOES_NOT_EXIST" in said:
            raise _NotRegisteredError from None
        raise ServiceError(f"MLflow at {settings.mlflow_uri} refuses ({error.code}): {said[:300]}.") from None
    except (OSError, ValueError) as error:
        raise no_answer(settings) from error


def _of_client(settings: Settings, model: str) -> dict[str, str]:
    from mlflow.exceptions import MlflowException

    client = connect(settings)
    with reachable(settings):
        try:
            found = client.get_registered_model(model).aliases
        except MlflowException as error:
            _raise_if_missing(error)
            raise
    return {alias: str(version) for alias, version in found.items()}


def _point_by_client(settings: Settings, model: str, alias: str, version: str | None) -> None:
    from mlflow.exceptions import MlflowException

    client = connect(settings)
    with reachable(settings):
        try:
            if version is None:
                client.delete_registered_model_alias(model, alias)
            else:
                client.set_registered_model_alias(model, alias, version)
        except MlflowException as error:
            _raise_if_missing(error)
            raise


def _raise_if_missing(error: Exception) -> None:
    if getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST":
        raise _NotRegisteredError from error
