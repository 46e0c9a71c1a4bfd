"""Docker, compose, and this project in them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TextIO

from sluss.stack import env_file, pages
from sluss.stack.error import NoAnswerError, StackError
from sluss.stack.git import git

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ROOT = env_file.ROOT
# With `required: false` and `start_interval`, which the compose file uses.
OLDEST_COMPOSE = (2, 24)
OLDEST_ENGINE = (25, 0)
ANSWER_WITHIN = 30  # seconds
RUN_TASKS = ("airflow-worker", "airflow-local")  # services in whose containers the tasks run
_ONCE = {None, "", "no"}  # restart policies of containers that do one thing and end
INSTALL = "on Debian 'sudo scripts/dev/install_docker.sh' does it, elsewhere see docs.docker.com/engine/install"


@dataclass(frozen=True)
class Container:
    """A container of this project as Docker sees it."""

    id: str
    service: str
    state: str
    health: str
    exit_code: int
    restarts: int
    folder: Path
    serves: bool = True

    @property
    def ours(self) -> bool:
        """Whether this checkout started it; also where the folder it was started from is gone, as after a move."""
        return self.folder == ROOT or not self.folder.exists()

    @property
    def is_down(self) -> bool:
        """Whether it has ended and does not start again by itself."""
        return self.state in {"exited", "dead", "removing"}

    @property
    def is_ready(self) -> bool:
        """Whether it serves, or has done the one thing that it is for."""
        if self.state == "running":
            return self.health in {"healthy", ""}
        return not self.serves and self.is_down and self.exit_code == 0

    @property
    def failed(self) -> bool:
        """Whether it is why the stack does not come up."""
        if self.health == "healthy":
            return False
        return self.health == "unhealthy" or self.exit_code != 0 or self.restarts > 0


def output(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command and capture its output."""
    return subprocess.run(command, capture_output=True, text=True, check=False)


def check() -> None:
    """Check that Docker answers, is new enough, and has no stack of another checkout under this one's name.

    Raises:
        StackError: one of these does not hold; the sentence names the remedy.
    """
    if not shutil.which("docker"):
        raise StackError(f"Docker is not installed: install Docker Engine with compose and buildx ({INSTALL}).")
    answer = output("docker", "info", "--format", "{{.ServerVersion}}")
    if answer.returncode:
        if "permission denied" in answer.stderr.lower():
            raise StackError("Docker refuses you: add yourself to the group 'docker' and log in again, or use sudo.")
        raise StackError("Docker is installed but no engine answers: start it ('sudo systemctl start docker').")
    _check_version("Docker Engine", answer.stdout, OLDEST_ENGINE)
    for plugin in ("compose", "buildx"):
        if output("docker", plugin, "version").returncode:
            raise StackError(f"Docker has no '{plugin}' plugin: install it ({INSTALL}).")
    _check_version("Docker Compose", output("docker", "compose", "version", "--short").stdout, OLDEST_COMPOSE)
    if foreign := next((each for each in containers() if not each.ours), None):
        raise StackError(
            f"The stack '{project()}' on this machine was started from {foreign.folder}: use it from there, or give "
            "this folder's stack another COMPOSE_PROJECT_NAME and other ports in .env."
        )


def _check_version(what: str, found: str, oldest: tuple[int, int]) -> None:
    numbers = [int("".join(filter(str.isdigit, part)) or 0) for part in found.strip().split(".")[:2]]
    if tuple(numbers) < oldest:
        raise StackError(
            f"{what} {found.strip()} is too old: Sluss needs {oldest[0]}.{oldest[1]} or newer ({INSTALL})."
        )


def project() -> str:
    """The compose project's name."""
    return env_file.settings().get("COMPOSE_PROJECT_NAME") or "sluss"


def environment(values: dict[str, str]) -> dict[str, str]:
    """Variables that compose gets in addition to `.env`."""
    profiles = [name for name in os.environ.get("COMPOSE_PROFILES", "").split(",") if name]
    if not values.get("S3_ENDPOINT_URL") and "minio" not in profiles:
        profiles.append("minio")
    door = "tls" if pages.domain(values) else "door"
    if door not in profiles:
        profiles.append(door)
    return {
        **os.environ,
        **_scale(values),
        **pages.variables(values),
        "COMPOSE_PROJECT_NAME": project(),
        "COMPOSE_PROFILES": ",".join(profiles),
        "EXTRA_CA_BUNDLE": _extra_ca(values),
        "SLUSS_GIT_COMMIT": os.environ.get("SLUSS_GIT_COMMIT") or _git_commit(),
    }


def _scale(values: Mapping[str, str]) -> dict[str, str]:
    """How many containers of each service take part in running tasks.

    Raises:
        StackError: a number is not one.
    """
    workers = _number("WORKERS" if os.environ.get("WORKERS") else "AIRFLOW_WORKERS", values, least=0)
    schedulers = _number("AIRFLOW_SCHEDULERS", values, least=1)
    tasks = _number("AIRFLOW_PARALLELISM", values, least=1)
    if not workers:
        return dict.fromkeys(("AIRFLOW_WORKERS", "AIRFLOW_REDIS", "AIRFLOW_SCHEDULERS"), "0") | {
            "AIRFLOW_LOCAL_SCHEDULERS": str(schedulers)
        }
    return {
        "AIRFLOW_WORKERS": str(workers),
        "AIRFLOW_WORKER_CONCURRENCY": str(-(-tasks // workers)),  # rounded up
        "AIRFLOW_REDIS": "1",
        "AIRFLOW_SCHEDULERS": str(schedulers),
        "AIRFLOW_LOCAL_SCHEDULERS": "0",
    }


def _number(name: str, values: Mapping[str, str], least: int) -> int:
    value = os.environ.get(name) or values.get(name, "")
    if not value.isdecimal() or int(value) < least:
        raise StackError(f"{name} is '{value}': set it to a number from {least} on.")
    return int(value)


def compose(
    *arguments: str, capture: bool = False, code: Path = ROOT, variables: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    """Run `docker compose` on this project, as the compose file in `code` describes it."""
    return subprocess.run(
        _compose_command(code, arguments),
        env=environment(env_file.settings()) | dict(variables),
        capture_output=capture,
        text=True,
        check=False,
    )


def compose_started(*arguments: str, output: TextIO) -> subprocess.Popen[bytes]:
    """Start `docker compose` on this project, with all that it prints in a file."""
    command = _compose_command(ROOT, ["--progress", "plain", *arguments])
    return subprocess.Popen(
        command, env=environment(env_file.settings()), stdin=subprocess.DEVNULL, stdout=output, stderr=output
    )


def _compose_command(code: Path, arguments: Sequence[str]) -> list[str]:
    path = env_file.location()
    if not path.exists():
        raise StackError(f"{path} does not exist, so no stack was started from here: 'make up' starts one.")
    command = ["docker", "compose", "--project-directory", str(code), "--file", str(code / "docker-compose.yml")]
    return [*command, "--env-file", str(path), *arguments]


def containers() -> list[Container]:
    """All containers of this project, also those that have ended; none where Docker is not installed.

    Raises:
        NoAnswerError: Docker is installed and does not answer.
    """
    if not shutil.which("docker"):
        return []
    label = f"label=com.docker.compose.project={project()}"
    services = ["--filter", label, "--filter", "label=com.docker.compose.oneoff=False"]
    ids = _answer("docker", "ps", "--all", "--quiet", *services).split()
    # Empty where all of them were removed since.
    return [_container(each) for each in json.loads(output("docker", "inspect", *ids).stdout or "[]")] if ids else []


def _answer(*command: str) -> str:
    """The output of a command that an engine answers at once, unless it is not running."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ANSWER_WITHIN)
    except subprocess.TimeoutExpired:
        raise NoAnswerError(f"Docker has not answered for {ANSWER_WITHIN} seconds.") from None
    if done.returncode:
        raise NoAnswerError("Docker is installed but no engine answers.")
    return done.stdout


def _container(found: dict[str, Any]) -> Container:
    state = found["State"]
    labels = found["Config"]["Labels"]
    return Container(
        id=found["Id"],
        service=labels["com.docker.compose.service"],
        state=state["Status"],
        health=state.get("Health", {}).get("Status", ""),
        exit_code=state["ExitCode"],
        restarts=found["RestartCount"],
        folder=Path(labels["com.docker.compose.project.working_dir"]).resolve(),
        # A service that runs once has neither a health check nor a restart policy.
        serves="Health" in state or found.get("HostConfig", {}).get("RestartPolicy", {}).get("Name") not in _ONCE,
    )


def worker() -> Container | None:
    """A container where this checkout's tasks can run; None where its stack is not up."""
    try:
        return worker_of(containers())
    except NoAnswerError:
        return None


def worker_of(found: Iterable[Container]) -> Container | None:
    """The first of these containers where this checkout's tasks can run."""
    workers = (each for each in found if each.ours and each.service in RUN_TASKS)
    return next((each for each in workers if each.health == "healthy"), None)


def run_inside(container: Container, *command: str) -> int:
    """Run a command in a container, at this terminal if there is one; its exit code."""
    # With a terminal, Ctrl-C reaches the command; without one, its output stays free of control characters.
    terminal = ["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else []
    return subprocess.run(
        ["docker", "exec", "--interactive", *terminal, container.id, *command], check=False
    ).returncode


def capture_inside(container: Container, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a container and keep what it prints; its errors are printed here."""
    inside = ["docker", "exec", container.id, *command]
    return subprocess.run(inside, stdout=subprocess.PIPE, encoding="utf-8", check=False)


def volumes() -> list[str]:
    """The names of this project's volumes."""
    label = f"label=com.docker.compose.project={project()}"
    return output("docker", "volume", "ls", "--quiet", "--filter", label).stdout.split()


def has_image(name: str) -> bool:
    """Whether an image is on this machine."""
    return output("docker", "image", "inspect", name).returncode == 0


def _extra_ca(values: dict[str, str]) -> str:
    named = values.get("EXTRA_CA_BUNDLE", "")
    if named and not Path(named).is_file():
        raise StackError(f"EXTRA_CA_BUNDLE names {named}, which is not there: correct it in .env, or leave it empty.")
    bundle = named or os.environ.get("SSL_CERT_FILE", "")
    return str(Path(bundle).resolve()) if bundle and Path(bundle).is_file() else "/dev/null"


def _git_commit() -> str:
    commit = git(ROOT, "rev-parse", "HEAD")
    if commit is None:
        return ""
    return commit.decode().strip() + ("-dirty" if git(ROOT, "status", "--porcelain") else "")
