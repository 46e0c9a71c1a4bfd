"""The connection to MLflow, and the errors that it raises as one sentence."""

from __future__ import annotations

import logging
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sluss.errors import ServiceError
from sluss.tracking import database
from sluss.tracking.sqlite_error import SQLITE, other_schema, sqlite_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient
    from requests import RequestException

    from sluss.config.settings import Settings

_LOG = logging.getLogger(__name__)
_ADDRESS = "MLFLOW_TRACKING_URI"
# With MLflow's defaults (7 retries with growing pauses) a step waits for minutes before it reports a dead server.
_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# MLflow downloads the files of an artifact in parallel and joins the errors of all threads as text, without status or
# cause (https://github.com/mlflow/mlflow/issues/10720). Only for these the text decides: the words are those of the
# package requests, and of MLflow where no answer came.
_REFUSED_DOWNLOAD = re.compile(r"\b40[13] Client Error\b")
_SILENT_DOWNLOAD = re.compile(r"\bAPI request to \S+ failed with (timeout )?exception\b")
# Variables of a shell that would make MLflow's client write into another run, experiment or registry than the settings
# name.
_FOREIGN = (
    "MLFLOW_RUN_ID",
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_REGISTRY_URI",
    "MLFLOW_ACTIVE_MODEL_ID",
    "MLFLOW_WORKSPACE",
)
_FORBIDDEN = 403
_LOGIN_STATUS = {401, _FORBIDDEN}
_SILENT_STATUS = {502, 503, 504}  # of a proxy before MLflow
_FAILS = 500  # MLflow's server passes on an error of its database or store


def connect(settings: Settings) -> MlflowClient:
    """Point MLflow at the settings' server or file, and return a client.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    for name in _FOREIGN:
        os.environ.pop(name, None)
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    import mlflow

    # MLflow and Alembic log each migration of a new SQLite file, which would bury the step's own output.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # It logs the traceback of each error of its database, which it then raises.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    if settings.mlflow_uri.startswith("sqlite:"):
        settings.home.mkdir(parents=True, exist_ok=True)
    outside = os.environ.get(_ADDRESS)
    if mlflow.get_tracking_uri() != settings.mlflow_uri:  # setting it also sets up tracing, which takes time
        mlflow.set_tracking_uri(settings.mlflow_uri)
    # MLflow also writes it into the environment, where the next Settings of this process would read it.
    if outside is None:
        os.environ.pop(_ADDRESS, None)
    return _opened(settings)


def _opened(settings: Settings) -> MlflowClient:
    import mlflow

    inode = None
    try:
        inode = database.begin(settings)
        return mlflow.MlflowClient(tracking_uri=settings.mlflow_uri)
    except Exception as error:
        if found := database.moved_away(settings, error, inode) or sqlite_error(settings, error):
            raise found from error
        if isinstance(error, mlflow.MlflowException) and settings.mlflow_uri.startswith(SQLITE):
            raise other_schema(settings, error) from error
        raise


@contextmanager
def reachable(settings: Settings) -> Iterator[None]:
    """Turn MLflow's connection and login errors into a ServiceError; re-raise all others.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, OSError) as error:
        if found := service_error(settings, error):
            raise found from error
        raise


def service_error(settings: Settings, error: Exception) -> ServiceError | None:
    """Return the ServiceError for an error that MLflow raised because it does not answer or refuses the login."""
    from mlflow.exceptions import MlflowException, RestException

    if found := sqlite_error(settings, error):
        return found
    request = _failed_request(error)
    if request is not None:
        return _of_answer(settings, request)
    if not isinstance(error, MlflowException):
        return None
    # Only an answer of a server: MLflow's client gives the same status to errors of its own.
    if isinstance(error, RestException) and error.get_http_status_code() == _FAILS:
        return _fails(settings, _FAILS)
    if error.get_http_status_code() in _LOGIN_STATUS or _REFUSED_DOWNLOAD.search(str(error)):
        return login_refused(settings)
    if error.get_http_status_code() in _SILENT_STATUS or _SILENT_DOWNLOAD.search(str(error)):
        return no_answer(settings)
    return None


def _of_answer(settings: Settings, request: RequestException) -> ServiceError | None:
    if request.response is None:
        return no_answer(settings)
    status = request.response.status_code
    if status in _LOGIN_STATUS:
        return login_refused(settings)
    return _fails(settings, status) if status >= _FAILS else None


def _fails(settings: Settings, status: int) -> ServiceError:
    return ServiceError(
        f"MLflow at {settings.mlflow_uri} fails with {status}: its database or its store does not answer, or a disk is "
        "full. make logs SERVICE=mlflow shows the reason."
    )


def denied(error: BaseException) -> bool:
    """Whether MLflow knew the login and refused the action (status 403)."""
    from mlflow.exceptions import MlflowException

    request = _failed_request(error)
    if request is not None and request.response is not None:
        return request.response.status_code == _FORBIDDEN
    cause = error.__cause__ or error
    return isinstance(cause, MlflowException) and cause.get_http_status_code() == _FORBIDDEN


def _failed_request(error: BaseException | None) -> RequestException | None:
    """Return the failed HTTP request that led to an error. MLflow raises errors of its own for it."""
    from requests import RequestException

    while error is not None and not isinstance(error, RequestException):
        error = error.__cause__ or error.__context__
    return error


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
    """Return the id of the experiment with this name; create it if it is missing, restore it if it was deleted.

    A server chooses the artifacts' location itself. Without a server they go to a folder under `home`.

    Raises:
        ServiceError: MLflow does not answer, or refuses the login.
    """
    from mlflow.exceptions import MlflowException

    with reachable(settings):
        found = client.get_experiment_by_name(name)
        if found is None:
            # By default MLflow would write the artifacts below the folder in which the process happens to work.
            local = settings.mlflow_uri.startswith("sqlite:")
            location = (settings.home / "artifacts" / name).resolve().as_uri() if local else None
            try:
                return str(client.create_experiment(name, artifact_location=location))
            except MlflowException as error:
                found = client.get_experiment_by_name(name)  # created by another step in between
                if found is None:
                    raise error from None
        if found.lifecycle_stage == "deleted":
            _LOG.warning("The experiment %s had been deleted in MLflow; it is restored with its runs.", name)
            client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)
