"""An MLflow that refuses or fails gives one sentence, in every function that calls it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from sluss.config.settings import Settings
from sluss.errors import ModelError, ServiceError
from sluss.registry import artifacts
from sluss.tracking.client import connect, reachable


@pytest.fixture
def answering(tmp_path, monkeypatch):
    """Settings for a server that answers every request with the same status and text."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    servers = []

    def serve(status, text=b"no"):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_GET  # noqa: N815 - the name is http.server's

            def log_message(self, *_):
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return Settings(home=tmp_path, MLFLOW_TRACKING_URI=f"http://127.0.0.1:{servers[-1].server_address[1]}")

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def version():
    return ModelVersion("sentiment_classifier", "1", 0, source="mlflow-artifacts:/0/abc/artifacts/model")


CASES = [(401, "refuses the login"), (403, "refuses the login"), (502, "does not answer"), (503, "does not answer")]


@pytest.mark.parametrize(("status", "sentence"), CASES)
def test_a_request_that_fails_is_one_sentence(answering, status, sentence):
    settings = answering(status)
    client = connect(settings)
    with pytest.raises(ServiceError, match=sentence), reachable(settings):
        client.get_experiment_by_name("any")


@pytest.mark.parametrize(("status", "sentence"), CASES)
def test_a_download_that_fails_is_the_same_sentence_and_no_refusal_of_the_model(answering, tmp_path, status, sentence):
    with pytest.raises(ServiceError, match=sentence):
        artifacts.download(answering(status), version(), tmp_path / "into")


def test_artifacts_that_are_lost_are_the_models_fault(answering, tmp_path):
    with pytest.raises(ModelError, match="cannot be read from"):
        artifacts.download(answering(404), version(), tmp_path / "into")


def test_an_error_of_mlflows_own_stays_what_it_is(answering):
    settings = answering(400, b'{"error_code": "INVALID_PARAMETER_VALUE", "message": "API request to nowhere"}')
    client = connect(settings)
    with pytest.raises(MlflowException, match="nowhere"), reachable(settings):
        client.get_experiment_by_name("any")
