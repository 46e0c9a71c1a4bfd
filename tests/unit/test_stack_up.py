"""What `make up` says when it cannot, and what it leaves behind then. No test here starts a container."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
DOCKER_ANSWERS = (
    shutil.which("docker") and not subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
)
needs_docker = pytest.mark.skipif(not DOCKER_ANSWERS, reason="no Docker Engine answers")


class Sandbox:
    """`python3 -m sluss.stack` with a `.env`, a project name and a PATH of its own."""

    def __init__(self, folder: Path) -> None:
        self.env = folder / "home" / ".env"
        self.env.parent.mkdir()
        self.tools = folder / "tools"
        self.tools.mkdir()
        self.variables = {
            "PATH": os.environ["PATH"],
            "SLUSS_ENV_FILE": str(self.env),
            "COMPOSE_PROJECT_NAME": "sluss-unit",
            "MLFLOW_PORT": "25000",
            "AIRFLOW_PORT": "28080",
            "MINIO_CONSOLE_PORT": "29001",
            # A base image that no registry has: the last check before anything is written.
            "PYTHON_IMAGE": "sluss-unit.invalid/none:1",
        }

    def stack(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return self._run("sluss.stack", *arguments, **variables)

    def sluss(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `sluss` to its end."""
        return self._run("commands", *arguments, **variables)

    def _run(self, module: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", module, *arguments]
        environment = {**self.variables, **variables}
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd=ROOT)

    def tool(self, name: str, script: str) -> str:
        """A program on the PATH in front of the real ones; the new PATH."""
        path = self.tools / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return f"{self.tools}:{os.environ['PATH']}"

    def refused(self, done: subprocess.CompletedProcess[str], *words: str) -> None:
        """It ended with 2, said one sentence with the words, and wrote nothing."""
        assert done.returncode == 2, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert all(word in done.stderr for word in words), done.stderr
        assert [each.name for each in self.env.parent.iterdir()] in ([], [".env"])


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


@pytest.fixture
def taken_port() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield str(listener.getsockname()[1])


def test_without_docker_it_says_how_to_install_it(sandbox: Sandbox) -> None:
    sandbox.refused(
        sandbox.stack("up", PATH=str(sandbox.tools)), "Docker is not installed", "scripts/dev/install_docker.sh"
    )
    assert not sandbox.env.exists()


def test_with_docker_at_rest_it_says_how_to_start_it(sandbox: Sandbox) -> None:
    if not shutil.which("docker"):
        sandbox.variables["PATH"] = sandbox.tool("docker", "exit 1")
    sandbox.refused(sandbox.stack("up", DOCKER_HOST="unix:///nonexistent/docker.sock"), "no engine answers", "start it")


def test_where_docker_refuses_the_user_it_names_the_group(sandbox: Sandbox) -> None:
    path = sandbox.tool(
        "docker", "echo 'permission denied while trying to connect to the Docker daemon socket' >&2; exit 1"
    )
    sandbox.refused(sandbox.stack("up", PATH=path), "refuses you", "group 'docker'")


@pytest.mark.parametrize(
    ("engine", "compose", "what"),
    [
        ("20.10.24", "2.30.0", "Docker Engine 20.10.24"),
        ("28.2.2", "1.29.2", "Docker Compose 1.29.2"),
        ("27.0.1", "v2.20.0", "2.20.0"),
    ],
)
def test_too_old_a_docker_is_named_with_the_version_it_needs(
    sandbox: Sandbox, engine: str, compose: str, what: str
) -> None:
    path = sandbox.tool(
        "docker", f'case "$*" in info*) echo {engine};; "compose version --short") echo {compose};; esac'
    )
    sandbox.refused(sandbox.stack("up", PATH=path), what, "too old", "or newer")


def test_a_docker_without_compose_is_told(sandbox: Sandbox) -> None:
    path = sandbox.tool("docker", 'case "$*" in info*) echo 28.2.2;; *) exit 1;; esac')
    sandbox.refused(sandbox.stack("up", PATH=path), "no 'compose' plugin")


@pytest.mark.parametrize("setting", ["MLFLOW_PORT", "AIRFLOW_PORT", "MINIO_CONSOLE_PORT"])
@needs_docker
def test_a_port_in_use_is_named_with_its_setting(sandbox: Sandbox, taken_port: str, setting: str) -> None:
    sandbox.refused(sandbox.stack("up", **{setting: taken_port}), taken_port, "in use", setting)
    assert not sandbox.env.exists()


@needs_docker
@pytest.mark.parametrize(("value", "word"), [("web", "not a port"), ("70000", "not a port"), ("28080", "both")])
def test_a_wrong_port_is_named(sandbox: Sandbox, value: str, word: str) -> None:
    sandbox.refused(sandbox.stack("up", MLFLOW_PORT=value), word, "MLFLOW_PORT")


@needs_docker
@pytest.mark.parametrize(
    ("setting", "word"), [("SLUSS_LEAST_MEMORY_GB", "of memory"), ("SLUSS_LEAST_DISK_GB", "GB free")]
)
def test_too_small_a_machine_is_told_with_the_figures(sandbox: Sandbox, setting: str, word: str) -> None:
    done = sandbox.stack("up", **{setting: "1000000"})
    if setting == "SLUSS_LEAST_DISK_GB" and "cannot be pulled" in done.stderr:
        pytest.skip("Docker's folder is on another machine")
    sandbox.refused(done, word, setting)


@needs_docker
@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("minioadmin", "example password"),
        ("MyPassword123", "example password"),
        ("changeme-please-now", "example password"),
        ("short1", "too easy"),
        ("aaaaaaaaaaaaaaaaaaaa", "too easy"),
        ("p@ss/w:rd with spaces", "do not fit into an address"),
    ],
)
def test_a_password_that_anybody_could_guess_is_refused(sandbox: Sandbox, value: str, word: str) -> None:
    sandbox.env.write_text(f"MLFLOW_ADMIN_PASSWORD={value}\n")
    done = sandbox.stack("up")
    sandbox.refused(done, "MLFLOW_ADMIN_PASSWORD", word)
    assert value not in done.stderr
    assert sandbox.env.read_text() == f"MLFLOW_ADMIN_PASSWORD={value}\n"


@needs_docker
def test_a_broken_fernet_key_is_refused(sandbox: Sandbox) -> None:
    sandbox.env.write_text("AIRFLOW_FERNET_KEY=not-a-key-but-long-enough-to-look-like-one\n")
    sandbox.refused(sandbox.stack("up"), "AIRFLOW_FERNET_KEY", "Fernet")


@needs_docker
def test_a_base_image_out_of_reach_leads_to_make_base_images(sandbox: Sandbox) -> None:
    sandbox.refused(sandbox.stack("up"), "sluss-unit.invalid/none:1", "make base-images")
    assert not sandbox.env.exists()


@pytest.mark.parametrize("command", ["ps", "logs", "down"])
@needs_docker
def test_without_a_stack_the_other_commands_say_so(sandbox: Sandbox, command: str) -> None:
    sandbox.refused(sandbox.stack(command), "no stack was started", "make up")


def test_logins_do_not_exist_before_the_first_start(sandbox: Sandbox) -> None:
    sandbox.refused(sandbox.stack("login"), "logins do not exist yet", "make up")


@needs_docker
def test_destroy_does_not_take_silence_for_yes(sandbox: Sandbox) -> None:
    sandbox.refused(sandbox.stack("destroy"), "asks for confirmation", "--yes")


@needs_docker
def test_a_step_in_a_stack_that_is_not_up_is_refused(sandbox: Sandbox) -> None:
    sandbox.refused(sandbox.stack("run", "--", "true"), "not up", "make up")


def running(folder: Path) -> str:
    """A stand-in for Docker, in which a stack runs that was started from a folder."""
    labels = {"com.docker.compose.service": "airflow-worker", "com.docker.compose.project.working_dir": str(folder)}
    state = {"Status": "running", "Health": {"Status": "healthy"}, "ExitCode": 0}
    container = {"Id": "0123", "State": state, "Config": {"Labels": labels}, "RestartCount": 0}
    return f"""case "$*" in
  info*) echo 28.2.2 ;;
  *version*) echo 2.30.0 ;;
  "ps "*) echo 0123 ;;
  inspect*) echo '{json.dumps([container])}' ;;
  *) echo "$*"; exit 3 ;;
esac"""


@pytest.mark.parametrize("folder", [ROOT, Path("/nowhere/any/more")], ids=["here", "a folder that was moved"])
def test_a_step_runs_in_the_stack_when_it_is_up(sandbox: Sandbox, folder: Path) -> None:
    path = sandbox.tool("docker", running(folder))
    done = sandbox.sluss("history", "--json", PATH=path, USE_CASE="other")
    command = "exec --interactive 0123 python /opt/sluss/tasks/show_history.py --use-case other --json\n"
    assert (done.returncode, done.stdout) == (3, command), done.stderr
    assert done.stderr == "in the stack sluss-unit\n"


@pytest.mark.parametrize("command", ["up", "down", "destroy", "ps", "logs", "run"])
def test_a_stack_of_another_checkout_is_left_alone(sandbox: Sandbox, tmp_path: Path, command: str) -> None:
    path = sandbox.tool("docker", running(tmp_path))
    sandbox.refused(sandbox.stack(command, PATH=path), f"was started from {tmp_path}:", "COMPOSE_PROJECT_NAME")


@pytest.mark.parametrize("elsewhere", [False, True], ids=["no Docker", "a stack of another checkout"])
def test_a_step_runs_here_where_no_stack_is_up(sandbox: Sandbox, tmp_path: Path, *, elsewhere: bool) -> None:
    path = sandbox.tool("docker", running(tmp_path)) if elsewhere else str(sandbox.tools)
    done = sandbox.sluss("history", PATH=path, USE_CASE="other", SLUSS_HOME=str(tmp_path / "home"))
    assert done.returncode == 2
    assert "use case 'other' does not exist" in done.stderr
    assert done.stderr.startswith(f"embedded, {tmp_path}/home/\n")


def coming_up(build: int = 0, up: int = 0) -> str:
    """A stand-in for Docker whose compose prints many lines and ends with these codes."""
    states = [("airflow-scheduler", "healthy"), ("postgres", "healthy"), ("mlflow", "starting")]
    found = [
        {
            "Id": name, "RestartCount": 0, "State": {"Status": "running", "Health": {"Status": health}, "ExitCode": 0},
            "Config": {
                "Labels": {
                    "com.docker.compose.service": name, "com.docker.compose.project.working_dir": str(ROOT),
                }
            },
        }
        for name, health in states
    ]  # fmt: skip
    many = "for line in $(seq 40); do echo compose line $line; done; echo why >&2"
    return f"""case "$*" in
  info*MemTotal*) echo 8000000000 ;;
  info*DockerRootDir*) echo /nowhere ;;
  info*) echo 28.2.2 ;;
  "image inspect"*) exit 0 ;;
  *version*) echo 2.30.0 ;;
  "ps "*) echo 0123 ;;
  inspect*) echo '{json.dumps(found)}' ;;
  compose*build*) {many}; exit {build} ;;
  compose*"up --detach"*) {many}; sleep 1; exit {up} ;;
  compose*logs*) echo it broke ;;
  *) echo "$*"; exit 3 ;;
esac"""


def free_ports() -> dict[str, str]:
    """Ports for the stack's pages that no other program has."""
    with socket.socket() as one, socket.socket() as two, socket.socket() as three, socket.socket() as four:
        ports = []
        for each in (one, two, three, four):
            each.bind(("127.0.0.1", 0))
            ports.append(str(each.getsockname()[1]))
    return dict(zip(("MLFLOW_PORT", "AIRFLOW_PORT", "MINIO_CONSOLE_PORT", "CONTROL_ROOM_PORT"), ports, strict=True))


def test_a_start_is_a_line_for_each_phase_and_service_and_ends_with_the_next_step(sandbox: Sandbox) -> None:
    ports = free_ports()
    done = sandbox.stack("up", PATH=sandbox.tool("docker", coming_up()), **ports)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert "compose line" not in done.stdout
    assert len(lines) <= 15
    assert any(line.startswith("Building the images") and line.endswith(" s") for line in lines)
    assert [line.split()[0] for line in lines if ", " in line and "ready" in line] == ["airflow-scheduler", "postgres"]
    assert any(
        line.startswith("MLflow") and line.endswith(f"http://localhost:{ports['MLFLOW_PORT']}") for line in lines
    )
    assert lines[-2] == "Logins     make login"
    assert lines[-1].startswith("Next step  make train deploy")
    log = (ROOT / "var" / "log" / "up.log").read_text()
    assert log.count("compose line 40") == 2


@pytest.mark.parametrize(
    ("codes", "words"),
    [({"build": 1}, "The images could not be built"), ({"up": 1}, "The stack did not come up")],
)
def test_a_start_that_fails_names_the_file_with_all_that_compose_printed(
    sandbox: Sandbox, codes: dict[str, int], words: str
) -> None:
    done = sandbox.stack("up", PATH=sandbox.tool("docker", coming_up(**codes)), **free_ports())
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert words in last
    assert str(ROOT / "var" / "log" / "up.log") in last
    assert len(done.stderr.splitlines()) == (16 if "build" in codes else 1)
    assert len(done.stdout.splitlines()) < 15
