"""Single outages: a web server that is silent for a while costs no try, and a full store is named as such."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from chaos import Night
from running import PROJECT, Stack, told, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.stack, pytest.mark.nightly]

FULL, KEY, SECRET = f"{PROJECT}-full", "full-store", "a-store-without-room"
WRITE = f"""
import json, os, sys, time
import pyarrow as pa
from pyarrow import fs
from deltalake import write_deltalake
from sluss.disk import explained

address = "http://{FULL}:9000"
def said(write):
    try:
        write()
    except Exception as error:
        return str(explained(error) or repr(error))
    return "written"
def fill():
    for number in range(100):
        with store.open_output_stream(f"lake/{{number}}") as file:
            file.write(os.urandom(1024 * 1024))
store = fs.S3FileSystem(region="us-east-1", endpoint_override=address, access_key="{KEY}", secret_key="{SECRET}",
    allow_bucket_creation=True, retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=2))
for attempt in range(30):
    try:
        store.create_dir("lake")
        break
    except OSError:
        time.sleep(1)
options = {{"region": "us-east-1", "endpoint": address, "allow_http": "True", "conditional_put": "etag",
    "access_key_id": "{KEY}", "secret_access_key": "{SECRET}"}}
rows = pa.table({{"x": list(range(400_000))}})
print(json.dumps([said(fill), said(lambda: write_deltalake("s3://lake/rows", rows, storage_options=options))]))
sys.stdout.flush()
os._exit(0)
"""


@pytest.fixture
def night(stack: Stack) -> Night:
    """The stack, to which harm is done."""
    return Night(PROJECT, stack.airflow, stack.secrets["AIRFLOW_ADMIN_PASSWORD"])


def ended(night: Night, run: str) -> list[dict[str, Any]]:
    """The tasks of a run, once it has ended."""
    wait_for(lambda: night.api(run)["state"] in {"success", "failed"}, run, seconds=300)
    found: list[dict[str, Any]] = night.patiently(f"{run}/taskInstances")["task_instances"]
    return found


@pytest.mark.parametrize("delay", [0.2, 0.6, 1.0])
def test_a_web_server_that_is_silent_for_twelve_seconds_costs_no_try(stack: Stack, night: Night, delay: float) -> None:
    stack.wait_until_found("alerts")
    started = night.patiently("dags/alerts/dagRuns", {"logical_date": None, "conf": {}})
    time.sleep(delay)
    night.hurt("airflow-webserver", "pause", 12)
    [task] = ended(night, f"dags/alerts/dagRuns/{started['dag_run_id']}")
    assert (task["state"], task["try_number"]) == ("success", 1)


@pytest.mark.usefixtures("trained")
def test_a_store_that_is_away_for_a_minute_fails_no_day(stack: Stack, night: Night) -> None:
    run = stack.trigger("sentiment_scoring", "2026-01-05T00:00:00Z")
    wait_for(lambda: night.running("sentiment") == "generate_data", "the start of generate_data", poll=0.2)
    night.hurt("minio", "stop", 60)
    with told("the rest of the day after a minute without MinIO"):
        assert {task["state"] for task in ended(night, run)} == {"success"}


@pytest.fixture
def full_store(stack: Stack) -> Iterator[None]:
    """A MinIO with 40 MB, next to the stack's own."""
    image = stack.inspect("minio")["Config"]["Image"]
    network = next(iter(stack.inspect("airflow-worker")["NetworkSettings"]["Networks"]))
    login = ["--env", f"MINIO_ROOT_USER={KEY}", "--env", f"MINIO_ROOT_PASSWORD={SECRET}", "--env", "HOME=/tmp"]
    room = ["--tmpfs", "/data:size=40m,mode=1777", "--tmpfs", "/tmp"]
    stack.docker("run", "--detach", "--rm", "--name", FULL, "--network", network, *room, *login, image)
    yield
    stack.docker("rm", "--force", FULL)


@pytest.mark.usefixtures("full_store")
def test_a_full_store_is_named_by_arrow_and_delta_alike(stack: Stack) -> None:
    sentences = json.loads(stack.python_in("airflow-worker", WRITE).splitlines()[-1])
    assert len(sentences) == 2
    for sentence in sentences:
        assert "The disk of the store at http://minio:9000 is full, so nothing more was written." in sentence
