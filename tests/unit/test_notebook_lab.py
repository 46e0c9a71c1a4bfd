"""What `make notebook` starts, and what it works on. A stand-in for Docker says that the stack is up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAB = f"""
import sys; sys.path.insert(0, {str(ROOT / "scripts")!r})
import json, os, jupyter
os.execv = lambda program, arguments: print(json.dumps([arguments, dict(os.environ)]))
jupyter.main()
"""
HEALTHY = [
    {
        "Id": service,
        "State": {"Status": "running", "Health": {"Status": "healthy"}, "ExitCode": 0},
        "Config": {
            "Labels": {"com.docker.compose.service": service, "com.docker.compose.project.working_dir": str(ROOT)}
        },
        "RestartCount": 0,
    }
    for service in ("mlflow", "airflow-worker", "minio")
]
DOCKER = f"""#!/bin/sh
case "$*" in
  *"NetworkSettings.Networks"*) echo '{{"back": {{"IPAddress": ""}}, "front": {{"IPAddress": "172.30.0.7"}}}}' ;;
  info*) echo 26.1.5 ;;
  *version*) echo 2.26.1 ;;
  "ps "*|*"ps --quiet minio") echo 0123 ;;
  inspect*) echo '{json.dumps(HEALTHY)}' ;;
esac
"""


@pytest.fixture
def start(tmp_path):
    """Start the script up to where it becomes JupyterLab: its exit code, its words, its command and its environment."""

    def run(*, up: bool, **variables):
        docker, env = tmp_path / "docker", tmp_path / ".env"
        docker.write_text(DOCKER if up else "#!/bin/sh\n", encoding="utf-8")
        docker.chmod(0o755)
        env.write_text("MLFLOW_TASK_PASSWORD=word-of-the-tasks\nLAKE_S3_SECRET_ACCESS_KEY=word-of-the-lake\n")
        known = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLUSS_ENV_FILE": str(env), **variables}
        return subprocess.run([sys.executable, "-c", LAB], env=known, capture_output=True, text=True, check=False)

    return run


def started(done):
    assert done.returncode == 0, done.stderr
    words, told = done.stdout.splitlines()
    return words, *json.loads(told)


def test_without_the_stack_the_notebooks_work_on_this_machine(start):
    words, _, variables = started(start(up=False))
    assert "the data of this machine" in words
    assert not [
        name for name in variables if name.startswith(("MLFLOW_TRACKING", "SLUSS_LAKE", "SLUSS_S3", "SLUSS_DEPLOYS"))
    ]


def test_with_the_stack_they_get_its_addresses_and_the_logins_of_the_tasks(start):
    words, _, variables = started(start(up=True, MLFLOW_PORT="5055"))
    assert "the data of the stack" in words
    assert variables["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5055"
    assert variables["MLFLOW_TRACKING_PASSWORD"] == "word-of-the-tasks"
    assert variables["SLUSS_DEPLOYS"] == "false"
    assert variables["SLUSS_LAKE_URL"] == "s3://lake"
    assert variables["SLUSS_S3_ENDPOINT_URL"] == "http://172.30.0.7:9000"
    assert variables["SLUSS_S3_SECRET_ACCESS_KEY"] == "word-of-the-lake"


def test_it_listens_on_this_machine_only_and_keeps_its_token(start):
    _, command, _ = started(start(up=False, NOTEBOOK_PORT="8899"))
    assert "--ServerApp.ip=127.0.0.1" in command
    assert "--ServerApp.port=8899" in command
    assert "--no-browser" in command
    assert not [option for option in command if "token" in option.lower() or "password" in option.lower()]


def test_a_port_that_is_none_is_named(start):
    done = start(up=False, NOTEBOOK_PORT="eighty")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("NOTEBOOK_PORT=eighty is not a port")
