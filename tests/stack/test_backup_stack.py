"""A backup of the running stack on S3: the stack is destroyed, comes back from it on an empty machine, and goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError
from running import ENV_FILE, PROJECT, Stack, told, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSPHRASE = "a passphrase of this test"
KEY = {"AWS_ACCESS_KEY_ID": "backup-key", "AWS_SECRET_ACCESS_KEY": "the-backup-key-itself"}
PORT = 19900


@pytest.fixture
def bucket(stack: Stack) -> Iterator[str]:
    """A MinIO outside the stack, which host and containers reach at one address: that of Docker's own bridge."""
    name, image = f"{PROJECT}-other-s3", stack.inspect("minio")["Config"]["Image"]
    gateway = json.loads(stack.docker("network", "inspect", "bridge").stdout)[0]["IPAM"]["Config"][0]["Gateway"]
    login = ["--env", f"MINIO_ROOT_USER={KEY['AWS_ACCESS_KEY_ID']}"]
    login += ["--env", f"MINIO_ROOT_PASSWORD={KEY['AWS_SECRET_ACCESS_KEY']}"]
    stack.docker("run", "--detach", "--rm", "--name", name, "--publish", f"{gateway}:{PORT}:9000", *login, image)
    given = KEY | {"AWS_ENDPOINT_URL": f"http://{gateway}:{PORT}", "SLUSS_BACKUP_PASSPHRASE": PASSPHRASE}
    stack.environment |= given
    wait_for(lambda: _made(given["AWS_ENDPOINT_URL"]), "the bucket")
    yield "s3://backups/nightly"
    stack.docker("rm", "--force", name)


def _made(address: str) -> bool:
    key = {"aws_access_key_id": KEY["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": KEY["AWS_SECRET_ACCESS_KEY"]}
    try:
        boto3.client("s3", endpoint_url=address, region_name="us-east-1", **key).create_bucket(Bucket="backups")
    except BotoCoreError:
        return False
    return True


def finished_runs(stack: Stack) -> dict[str, Any]:
    """When each run of the scoring DAG started, of those that are done."""
    found = stack.airflow_api("dags/sentiment_scoring/dagRuns?limit=100")["dag_runs"]
    return {each["dag_run_id"]: each["start_date"] for each in found if each["state"] == "success"}


@pytest.mark.nightly
@pytest.mark.usefixtures("scored")
def test_a_destroyed_stack_comes_back_and_goes_on(stack: Stack, bucket: str) -> None:
    before, done = stack.production(), finished_runs(stack)
    running = stack.trigger("sentiment_scoring", "2026-01-03T00:00:00Z")
    with told("make backup while a day is scored"):
        made = stack.step("backup", "--to", bucket)
    assert stack.ended(running)["state"] == "success"
    assert "Secrets are not in it" not in made
    with told("make verify"):
        assert "are equal" in stack.here("verify", "--from", bucket).stdout
    stack.command("destroy", "--yes")
    ENV_FILE.unlink()
    with told("make restore to an empty machine"):
        restored = stack.step("restore", "--from", bucket)
    assert "Verified: no fault." in restored
    again = stack.here("restore", "--from", bucket, check=False)
    assert (again.returncode, "has data already" in again.stderr) == (2, True)
    with told("make up"):
        stack.command("up")
    stack.__dict__.pop("airflow_token", None)
    assert stack.production() == before
    # What was done is known, and is not done again.
    assert finished_runs(stack).items() >= done.items()
    assert stack.run_dag("sentiment_scoring", "2026-01-04T00:00:00Z")["state"] == "success"
    assert stack.production()["problems"] == []
