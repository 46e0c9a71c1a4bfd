"""The plug-in by which MLflow's server in the stack keeps its S3 to itself."""

from __future__ import annotations

import importlib
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from mlflow.store.artifact.artifact_repo import MultipartDownloadMixin, MultipartUploadMixin, PresignedUploadMixin
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "services" / "mlflow" / "plugin"


@pytest.fixture
def private_s3(monkeypatch):
    monkeypatch.syspath_prepend(str(PLUGIN))
    yield importlib.import_module("private_s3")
    sys.modules.pop("private_s3", None)


def test_the_store_cannot_sign_addresses(private_s3):
    offers = (MultipartUploadMixin, MultipartDownloadMixin, PresignedUploadMixin)
    assert not issubclass(private_s3.PrivateS3ArtifactRepository, offers)


def test_mlflow_finds_the_store_under_the_scheme_that_the_stack_uses(private_s3):
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    entry = project["entry-points"]["mlflow.artifact_repository"]
    assert entry == {private_s3.SCHEME: "private_s3:PrivateS3ArtifactRepository"}
    stack = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    destination = stack["services"]["mlflow"]["environment"]["MLFLOW_ARTIFACTS_DESTINATION"]
    assert destination == f"{private_s3.SCHEME}://mlflow"


def test_files_and_folders_go_in_and_come_out_whole(private_s3, tmp_path):
    store = private_s3.PrivateS3ArtifactRepository("private-s3://mlflow/1")
    assert store._s3.artifact_uri == "s3://mlflow/1"
    store._s3 = LocalArtifactRepository(str(tmp_path / "bucket"))  # a folder in place of the bucket
    (tmp_path / "model").mkdir()
    for name in ("MLmodel", "weights.bin"):
        (tmp_path / "model" / name).write_text(name)
    store.log_artifact(str(tmp_path / "model" / "MLmodel"), "notes")
    store.log_artifacts(str(tmp_path / "model"), "model")
    assert [each.path for each in store.list_artifacts("model")] == ["model/MLmodel", "model/weights.bin"]
    (tmp_path / "fetched").mkdir()
    fetched = Path(store.download_artifacts("model", str(tmp_path / "fetched")))
    assert {each.name: each.read_text() for each in fetched.iterdir()} == {n: n for n in ("MLmodel", "weights.bin")}
    store.delete_artifacts("model")
    assert [each.path for each in store.list_artifacts()] == ["notes"]


def test_the_data_of_a_trace_comes_out_under_the_name_that_mlflow_gives(private_s3, tmp_path):
    store = private_s3.PrivateS3ArtifactRepository("private-s3://mlflow/1")
    store._s3 = LocalArtifactRepository(str(tmp_path / "bucket"))
    store.upload_trace_data('{"spans": []}')
    assert store.download_trace_data() == {"spans": []}
    target = tmp_path / "here.json"
    assert store.download_trace_data_to_file(target) == target
    assert target.read_text() == '{"spans": []}'
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["here.json"]
