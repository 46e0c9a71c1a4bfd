"""Where a command runs, by what Docker answers. A small program takes Docker's place in PATH; no container starts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The stand-in answers `docker inspect` with the first line of the file, and removes that line unless it is the last.
DOCKER = """#!{python}
import pathlib, sys
answers = pathlib.Path(__file__).with_name("answers")
words = " ".join(sys.argv[1:])
lines = answers.read_text().splitlines()
if words.startswith("ps "):
    if lines[0] == "none":
        sys.exit("Cannot connect to the Docker daemon. Is the docker daemon running?")
    print("" if lines[0] == "[]" else "0123")
elif words.startswith("inspect"):
    print(lines[0])
    if len(lines) > 1:
        answers.write_text("\\n".join(lines[1:]))
elif words.startswith("exec"):
    print(words)
"""


def container(service: str, status: str = "running", health: str = "healthy", exit_code: int = 0) -> dict[str, Any]:
    """What `docker inspect` knows of a container; `health` is empty where it has no health check."""
    state: dict[str, Any] = {"Status": status, "ExitCode": exit_code}
    policy = "unless-stopped" if health else "no"
    labels = {"com.docker.compose.service": service, "com.docker.compose.project.working_dir": str(ROOT)}
    found = {"Id": "0123", "State": state | ({"Health": {"Status": health}} if health else {})}
    return found | {
        "Config": {"Labels": labels}, "RestartCount": 0, "HostConfig": {"RestartPolicy": {"Name": policy}}
    }  # fmt: skip


INIT = container("init", "exited", "")
POSTGRES, WORKER = container("postgres"), container("airflow-worker")
HEALTHY = [INIT, POSTGRES, WORKER]


class Machine:
    """A machine with or without Docker, on which `sluss history` runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = folder / ".env"
        self.tools = folder / "tools"
        self.tools.mkdir()

    def docker(self, *answers: list[dict[str, Any]] | None) -> None:
        """Put a Docker into PATH that knows these containers, one list after the other; None: it does not answer."""
        lines = ["none" if found is None else json.dumps(found) for found in answers]
        (self.tools / "answers").write_text("\n".join(lines))
        (self.tools / "docker").write_text(DOCKER.format(python=sys.executable))
        (self.tools / "docker").chmod(0o755)

    def history(self, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`sluss history`, with a limit of one second for a stack that is not healthy."""
        return self.run("history", "--json", *options, **variables)

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Any subcommand."""
        known = {
            "PATH": str(self.tools), "SLUSS_HOME": str(self.folder / "home"), "SLUSS_ENV_FILE": str(self.env),
            "COMPOSE_PROJECT_NAME": "sluss-unit", "SLUSS_STACK_WAIT": "1", "HOME": os.environ.get("HOME", "/"),
        }  # fmt: skip
        command = [sys.executable, "-m", "commands", *arguments]
        return subprocess.run(command, env=known | variables, capture_output=True, text=True, check=False, cwd=ROOT)

    def embedded(self, done: subprocess.CompletedProcess[str]) -> bool:
        """Whether it ran on this machine, said so, and answered."""
        said = done.stderr.splitlines()
        return done.returncode == 0 and said[-1] == f"embedded, {self.folder}/home/" and '"entries": []' in done.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def in_the_stack(done: subprocess.CompletedProcess[str]) -> bool:
    command = "exec --interactive 0123 python /opt/sluss/tasks/show_history.py --use-case sentiment --json\n"
    return done.returncode == 0 and done.stdout == command and done.stderr.endswith("in the stack sluss-unit\n")


def refused(done: subprocess.CompletedProcess[str], *words: str) -> bool:
    """Exit code 2, one sentence after the lines of progress, and no answer."""
    *_, sentence = done.stderr.splitlines()
    return done.returncode == 2 and not done.stdout and all(word in sentence for word in words)


def test_without_docker_it_runs_here(machine: Machine) -> None:
    done = machine.history()
    assert machine.embedded(done), done
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "containers", [[], [INIT, container("postgres", "exited", "unhealthy", 137)]], ids=["none", "all exited"]
)
def test_a_stack_that_is_down_means_here(machine: Machine, containers: list[dict[str, Any]]) -> None:
    machine.env.touch()
    machine.docker(containers)
    done = machine.history()
    assert machine.embedded(done), done


def test_a_healthy_stack_runs_it(machine: Machine) -> None:
    machine.docker(HEALTHY)
    done = machine.history()
    assert in_the_stack(done), done
    assert done.stderr == "in the stack sluss-unit\n"


def test_of_two_workers_one_is_enough(machine: Machine) -> None:
    machine.docker([*HEALTHY, container("airflow-worker", "exited", "unhealthy", 137)])
    assert in_the_stack(machine.history())


@pytest.mark.parametrize(
    ("late", "named"),
    [
        (container("postgres", health="starting"), "postgres starting"),
        (container("postgres", "restarting", "unhealthy"), "postgres restarting"),
        (container("postgres", "exited", "healthy"), "postgres exited"),
        (container("airflow-worker", health="unhealthy"), "airflow-worker unhealthy"),
        (container("airflow-worker", "created", "starting"), "airflow-worker created"),
        (container("init", "exited", "", 1), "init exited"),
    ],
)
def test_a_stack_that_is_not_healthy_is_waited_for_and_then_refused(
    machine: Machine, late: dict[str, Any], named: str
) -> None:
    others = [each for each in HEALTHY if named.split()[0] not in json.dumps(each)]
    machine.docker([*others, late])
    done = machine.history()
    assert refused(done, "sluss-unit", f"({named})", "make ps", "WHERE=embedded"), done
    assert done.stderr.splitlines()[0] == f"Waiting for the stack sluss-unit ({named}) …"
    assert not (machine.folder / "home" / "mlflow.db").exists()


def test_a_stack_that_becomes_healthy_runs_it(machine: Machine) -> None:
    starting = [INIT, container("postgres", health="starting"), WORKER]
    machine.docker(starting, HEALTHY)
    done = machine.history(SLUSS_STACK_WAIT="20")
    assert in_the_stack(done), done
    assert done.stderr.startswith("Waiting for the stack sluss-unit (postgres starting) …\n")


def test_a_docker_that_does_not_answer_hides_a_stack_only_where_one_was_started(machine: Machine) -> None:
    machine.docker(None)
    assert machine.embedded(machine.history())
    machine.env.touch()
    assert refused(machine.history(), "no engine answers", "sluss-unit", "WHERE=embedded")


@pytest.mark.parametrize("by_hand", [("--where", "embedded"), ()])
def test_embedded_by_hand_does_not_ask_docker(machine: Machine, by_hand: tuple[str, ...]) -> None:
    machine.env.touch()
    machine.docker(None)
    done = machine.history(*by_hand, **({} if by_hand else {"WHERE": "embedded"}))
    assert machine.embedded(done), done


def test_the_stack_by_hand_runs_whatever_else_is_down_and_is_refused_where_there_is_none(machine: Machine) -> None:
    machine.docker([container("postgres", health="starting"), container("airflow-worker", health="unhealthy")])
    assert in_the_stack(machine.history(WHERE="stack"))
    machine.docker([])
    assert refused(machine.history(WHERE="stack"), "sluss-unit is not up", "make up")


def test_another_place_is_refused(machine: Machine) -> None:
    assert refused(machine.history(WHERE="cloud"), "'cloud' is not one of 'embedded', 'stack'")


def test_the_commands_of_the_stack_need_nothing_but_python(tmp_path: Path) -> None:
    bare = shutil.which("python3", path="/usr/bin:/bin:/usr/local/bin") or sys.executable
    command = [bare, "-S", "-m", "sluss.stack", "login"]
    known = {"SLUSS_ENV_FILE": str(tmp_path / ".env"), "PATH": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=known)
    assert (done.returncode, done.stderr) == (
        2,
        f"The logins do not exist yet: 'make up' writes them to {tmp_path}/.env.\n",
    )


def test_a_report_beside_a_running_stack_says_that_it_is_not_the_stacks(machine: Machine) -> None:
    machine.docker(HEALTHY)
    said = machine.run("report", "--use-case", "sentiment").stderr
    assert "The stack sluss-unit is up, and this result is embedded. In the stack: " in said
    machine.docker([])
    assert "The stack" not in machine.run("report", "--use-case", "sentiment").stderr
    machine.docker(None)
    assert "The stack" not in machine.run("report", "--use-case", "sentiment").stderr
