"""The connection to MLflow, and its errors in one sentence."""

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
# MLflow's own defaults wait for minutes (7 retries with growing pauses) before they admit that nobody answers.
_MANNERS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# Requests for artifacts lose their status on the way and keep only the words of `requests`.
_REFUSED = re.compile(r"\b40[13] Client Error\b")


def connect(settings: Settings) -> MlflowClient:
    """Point MLflow at the hub and return a client.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    for name, value in _MANNERS.items():
        os.environ.setdefault(name, value)
    with without_web_framework():
        import mlflow

    # A new SQLite file is announced line by line; a step has its own words for what it does.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if settings.mlflow_uri.startswith("sqlite:"):
        settings.home.mkdir(parents=True, exist_ok=True)
    outside = os.environ.get(_ADDRESS)
    if mlflow.get_tracking_uri() != settings.mlflow_uri:  # setting it sets up tracing as well, which takes time
        mlflow.set_tracking_uri(settings.mlflow_uri)
    # MLflow also writes it into the environment, where the next Settings of this process would read it.
    if outside is None:
        os.environ.pop(_ADDRESS, None)
    return mlflow.MlflowClient(tracking_uri=settings.mlflow_uri)


@contextmanager
def reachable(settings: Settings) -> Iterator[None]:
    """Turn a failing MLflow into a ServiceError; what a user can mend is in its sentence.

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
    """What to say when MLflow knows the login not, or allows it not enough."""
    return ServiceError(
        f"MLflow at {settings.mlflow_uri} refuses the login. "
        "Check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD (make login shows them)."
    )


def no_answer(settings: Settings) -> ServiceError:
    """What to say when nobody answers at MLflow's address."""
    return ServiceError(
        f"MLflow at {settings.mlflow_uri} does not answer. "
        "Check that the stack is up (make ps), or MLFLOW_TRACKING_URI."
    )


def experiment_id(settings: Settings, client: MlflowClient, name: str) -> str:
    """Id of the experiment, which is created where it is missing.

    An MLflow server chooses where artifacts go; without one they go to a folder under `home`.
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
                found = client.get_experiment_by_name(name)  # another step was faster
                if found is None:
                    raise error from None
        return str(found.experiment_id)
