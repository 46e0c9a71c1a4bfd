"""Artifacts through MLflow alone."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from running import Stack, told

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.stack

MB = 1024**2
CLIENT = """
import hashlib, sys, time
import mlflow
from pathlib import Path

def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

source, folder = Path(sys.argv[1]), Path(sys.argv[2])
mlflow.set_experiment("large-artifacts")
with mlflow.start_run() as run:
    started = time.monotonic()
    mlflow.log_artifact(str(source))
    up = time.monotonic()
    wanted = {"run_id": run.info.run_id, "artifact_path": source.name}
    fetched = mlflow.artifacts.download_artifacts(**wanted, dst_path=str(folder))
    down = time.monotonic()
assert digest(source) == digest(fetched)
print(f"up in {up - started:.1f} s, down in {down - up:.1f} s")
"""


# Two gigabytes need ten on the disk: the file, its copies on the way up and down, the store's, and what comes back.
@pytest.mark.parametrize("size", [200, pytest.param(2048, marks=pytest.mark.nightly)], ids=lambda size: f"{size}_MB")
def test_a_large_artifact_goes_up_and_comes_down_whole(stack: Stack, tmp_path: Path, size: int) -> None:
    source = tmp_path / "weights.bin"
    block = os.urandom(MB)
    with source.open("wb") as file:
        for number in range(size):
            file.write(number.to_bytes(8, "big") + block[8:])
    before = stack.inspect("mlflow")["State"]["StartedAt"]
    login = {
        "MLFLOW_TRACKING_URI": stack.mlflow,
        "MLFLOW_TRACKING_USERNAME": "sluss",
        "MLFLOW_TRACKING_PASSWORD": stack.secrets["MLFLOW_TASK_PASSWORD"],
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, str(source), str(tmp_path / "fetched")],
        env={**stack.environment, **login}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    print(f"\n  {done.stdout.strip().splitlines()[-1]}")
    state = stack.inspect("mlflow")["State"]
    assert state["StartedAt"] == before
    assert not state["OOMKilled"]
    left = stack.docker("exec", "sluss-smoke-mlflow-1", "find", "/var/tmp/mlflow", "-mindepth", "1").stdout
    assert not left, f"left in the transfer folder: {left}"


def test_no_client_is_offered_an_address_that_only_the_server_reaches(stack: Stack) -> None:
    login = ("admin", stack.secrets["MLFLOW_ADMIN_PASSWORD"])
    offers = stack.http.get(f"{stack.mlflow}/api/3.0/mlflow/server-info", auth=login).json()
    assert (offers["multipart_uploads_enabled"], offers["multipart_downloads_enabled"]) == (False, False)
    started = stack.mlflow_api("runs/create", method="POST", json={"experiment_id": "0"})["run"]["info"]
    folder = started["artifact_uri"].removeprefix("mlflow-artifacts:/")
    store = f"{stack.mlflow}/api/2.0/mlflow-artifacts"
    assert stack.http.put(f"{store}/artifacts/{folder}/note.txt", content=b"note", auth=login).is_success
    file = {"run_id": started["run_id"], "path": "note.txt"}
    answers = [
        stack.http.get(f"{store}/presigned/{folder}/note.txt", auth=login),
        stack.http.post(f"{store}/mpu/create/{folder}", json={"path": "note.txt", "num_parts": 1}, auth=login),
        stack.http.post(f"{stack.mlflow}/api/2.0/mlflow/artifacts/presigned-upload-url", json=file, auth=login),
        stack.http.post(f"{stack.mlflow}/api/2.0/mlflow/artifacts/presigned-download-url", json=file, auth=login),
    ]
    assert [answer.status_code for answer in answers] == [501, 501, 400, 400]
    assert not any("minio" in answer.text for answer in answers)
    assert stack.http.get(f"{store}/artifacts/{folder}/note.txt", auth=login).content == b"note"


def test_the_artifacts_of_a_version_are_in_minio(stack: Stack, trained: dict[str, Any]) -> None:
    key = {"KEY": stack.secrets["MLFLOW_S3_ACCESS_KEY_ID"], "SECRET": stack.secrets["MLFLOW_S3_SECRET_ACCESS_KEY"]}
    model = trained["source"].removeprefix("models:/")
    asked = f"""
import boto3, os
s3 = boto3.client("s3", endpoint_url="http://minio:9000", region_name="us-east-1",
                  aws_access_key_id=os.environ["KEY"], aws_secret_access_key=os.environ["SECRET"])
for page in s3.get_paginator("list_objects_v2").paginate(Bucket="mlflow"):
    for each in page.get("Contents", []):
        if {model!r} in each["Key"]:
            content = s3.get_object(Bucket="mlflow", Key=each["Key"])["Body"].read()
            print(each["Size"], len(content), each["Key"].rsplit("/", 1)[1])
"""
    with told("read the model's files from MinIO"):
        files = [line.split() for line in stack.python(asked, **key).splitlines()]
    names = {name for _, _, name in files}
    assert "MLmodel" in names
    assert any(name.endswith(".skops") for name in names)
    assert not any(name.endswith((".pkl", ".pickle")) for name in names)
    assert all(size == read and int(read) > 0 for size, read, _ in files)
    print(f"  {len(files)} files, {sum(int(size) for size, _, _ in files)} bytes")
