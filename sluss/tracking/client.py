"""The connection to MLflow, and the errors that it raises as one sentence."""

from __future__ import annotations

import logging
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sluss.compat import without_web_framework
from sluss.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient

    from sluss.config.settings import Settings

_ADDRESS = "MLFLOW_TRACKING_URI"
# With MLflow's defaults (7 retries with growing pauses) a step waits for minutes before it reports a dead server.
_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# For an artifact request MLflow raises an error without the HTTP status; it has only the message of `requests`.
_REFUSED = re.compile(r"\b40[13] Client Error\b")


def connect(settings: Settings) -> MlflowClient:
    """Point MLflow at the settings' server or file, and return a client.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    with without_web_framework():
        import mlflow

    # MLflow and Alembic log each migration of a new SQLite file, which would bury the step's own output.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if settings.mlflow_uri.startswith("sqlite:"):
        settings.home.mkdir(parents=True, exist_ok=True)
    outside = os.environ.get(_ADDRESS)
    if mlflow.get_tracking_uri() != settings.mlflow_uri:  # setting it also sets up tracing, which takes time
        mlflow.set_tracking_uri(settings.mlflow_uri)
    # MLflow also writes it into the environment, where the next Settings of this process would read it.
    if outside is None:
        os.environ.pop(_ADDRESS, None)
    return mlflow.MlflowClient(tracking_uri=settings.mlflow_uri)


@contextmanager
def reachable(settings: Settings) -> Iterator[None]:
    """Turn MLflow's connection and login errors into a ServiceError; re-raise all others.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        text = str(error)
        if error.get_http_status_code() in {401, 403} or _REFUSED.search(text):
            raise login_refused(settings) from error
        if "API request to" in text or "Max retries" in text:
            raise no_answer(settings) from error
        raise


def login_refused(settings: Settings) -> ServiceError:
    """Return the error for a login that MLflow does not know, or that lacks a permission."""
    return ServiceError(
        f"MLflow at {settings.mlflow_uri} refuses the login. "
        "Check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD (make login shows them)."
    )


def no_answer(settings: Settings) -> ServiceError:
    """Return the error for a server that does not answer at MLflow's address."""
    return ServiceError(
        f"MLflow at {settings.mlflow_uri} does not answer. "
        "Check that the stack is up (make ps), or MLFLOW_TRACKING_URI."
    )


def experiment_id(settings: Settings, client: MlflowClient, name: str) -> str:
    """Return the id of the experiment with this name; create it if it is missing.

    A server chooses the artifacts' location itself. Without a server they go to a folder under `home`.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    from mlflow.exceptions import MlflowException

    with reachable(settings):
        found = client.get_experiment_by_name(name)
        if found is None:
            local = settings.mlflow_uri.startswith("sqlite:")
            location = (settings.home / "artifacts" / name).resolve().as_uri() if local else None
            try:
                return str(client.create_experiment(name, artifact_location=location))
            except MlflowException as error:
                found = client.get_experiment_by_name(name)  # created by another step in between
                if found is None:
                    raise error from None
        return str(found.experiment_id)
