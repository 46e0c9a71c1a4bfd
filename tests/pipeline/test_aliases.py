"""The aliases on an MLflow server that has logins, and in a file."""

from __future__ import annotations

import shutil
import subprocess
import sys

import httpx
import pytest
from mlflow import MlflowClient
from mlflow_server import PASSWORDS, running

from sluss.config.settings import ROOT

PASSWORD = PASSWORDS["admin"]
CODE = """
import sys
from sluss.context import load_context
from sluss.errors import SlussError
from sluss.registry import aliases

context = load_context("sentiment")
try:
    for change in sys.argv[1:]:
        alias, _, version = change.partition("=")
        print(aliases.point(context, alias, version or None))
    print(dict(sorted(aliases.of(context).items())))
except SlussError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Address of an MLflow server that demands a login, as the stack starts it."""
    with running(tmp_path_factory.mktemp("mlflow")) as found:
        yield found.address


def _post(address, path, **content):
    url = f"{address}/api/2.0/mlflow/{path}"
    return httpx.post(url, json=content, auth=("admin", PASSWORD), timeout=30).raise_for_status().json()


def _run(address, home, *changes, password=PASSWORD):
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "SLUSS_HOME": str(home),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_TRACKING_URI": address,
        "MLFLOW_TRACKING_USERNAME": "admin",
        "MLFLOW_TRACKING_PASSWORD": password,
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE, *changes], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_aliases_are_read_and_set_on_a_server(server, tmp_path):
    assert _run(server, tmp_path, "champion=1") == ["False", "{}"]  # the model does not exist yet
    _post(server, "registered-models/create", name="sentiment_classifier")
    run = _post(server, "runs/create", experiment_id="0")["run"]["info"]
    version = {"name": "sentiment_classifier", "source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]}
    for _ in range(2):
        _post(server, "model-versions/create", **version)
    assert _run(server, tmp_path, "previous=1", "champion=2") == ["True", "True", "{'champion': '2', 'previous': '1'}"]
    assert _run(server, tmp_path, "previous=", "champion=1") == ["True", "True", "{'champion': '1'}"]
    assert _run(server, tmp_path, "champion=7") == ["False", "{'champion': '1'}"]


def test_a_wrong_login_and_a_server_that_is_away_are_one_sentence_each(server, tmp_path):
    (refused,) = _run(server, tmp_path, "champion=1", password="wrong")
    assert "refuses the login" in refused
    (silent,) = _run("http://127.0.0.1:9", tmp_path, "champion=1")
    assert "does not answer" in silent


@pytest.fixture
def file(tmp_path, empty_hub):
    """Address of MLflow's file; it has two versions of the model, and a third one that was deleted."""
    shutil.copy(empty_hub, tmp_path / "mlflow.db")
    address = f"sqlite:///{tmp_path}/mlflow.db"
    client = MlflowClient(tracking_uri=address, registry_uri=address)
    client.create_registered_model("sentiment_classifier")
    for _ in range(3):
        client.create_model_version("sentiment_classifier", source=f"{tmp_path}/model")
    client.delete_model_version("sentiment_classifier", "3")
    client.create_registered_model("another")
    client.create_model_version("another", source=f"{tmp_path}/model")
    client.set_registered_model_alias("another", "champion", "1")
    return address


def test_aliases_are_read_and_set_in_a_file(file, tmp_path):
    assert _run(file, tmp_path) == ["{}"]
    changed = _run(file, tmp_path, "previous=1", "champion=2")
    assert changed == ["True", "True", "{'champion': '2', 'previous': '1'}"]
    assert _run(file, tmp_path, "previous=", "champion=1") == ["True", "True", "{'champion': '1'}"]
    assert _run(file, tmp_path, "champion=3", "champion=7") == ["False", "False", "{'champion': '1'}"]
    client = MlflowClient(tracking_uri=file, registry_uri=file)
    assert client.get_model_version_by_alias("sentiment_classifier", "champion").version == 1
    assert client.get_registered_model("another").aliases == {"champion": 1}
