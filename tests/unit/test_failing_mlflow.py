"""Errors that MLflow's server passes on from its database or store are those of a service, not bugs."""

from __future__ import annotations

import pytest

from sluss.config.settings import Settings
from sluss.tracking.client import service_error

SETTINGS = Settings(MLFLOW_TRACKING_URI="http://mlflow:5000")


def answered(status: int) -> Exception:
    """The error that MLflow's client raises for the answer to an artifact's upload."""
    import requests

    response = requests.Response()
    response.status_code = status
    return requests.HTTPError(f"{status} Server Error", response=response)


@pytest.mark.parametrize("status", [500, 507])
def test_a_server_that_fails_is_a_service_that_does_not_work(status):
    sentence = str(service_error(SETTINGS, answered(status)))
    assert sentence.startswith(f"MLflow at http://mlflow:5000 fails with {status}: ")
    assert "a disk is full" in sentence


def test_an_error_of_its_database_is_one_of_the_service():
    from mlflow.exceptions import RestException

    error = RestException({"error_code": "INTERNAL_ERROR", "message": "server closed the connection unexpectedly"})
    assert "fails with 500" in str(service_error(SETTINGS, error))


def test_a_wrong_request_and_an_error_of_the_client_are_neither():
    from mlflow.exceptions import MlflowException, RestException

    wrong = RestException({"error_code": "INVALID_PARAMETER_VALUE", "message": "no such column"})
    assert service_error(SETTINGS, wrong) is None
    assert service_error(SETTINGS, MlflowException("a file of a model is missing")) is None
    assert service_error(SETTINGS, answered(404)) is None
