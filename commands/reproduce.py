"""Train a version again with its commit and lock file, in a fresh environment: of this machine, or of the stack."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from commands import place
from commands.placed import with_variable
from sluss.config.settings import ROOT, Settings, load_settings
from sluss.errors import ModelError, ServiceError
from sluss.registry import versions
from sluss.registry.runs import run_of
from sluss.stack import docker, env_file, pages
from sluss.stack.git import git
from sluss.stack.user_folders import can_be_made, user_cache
from sluss.step import run_step, use_case_option, version_option
from sluss.training.software import code_commit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.config.use_case import UseCase
    from sluss.context import Context

STEP = Path("tasks") / "reproduce_model.py"


@dataclass(frozen=True)
class RecordedCode:
    """A version, and what its run recorded: the code is at hand, the rest is to be made."""

    name: str
    version: str
    python: str
    commit: str
    code: Path
    scratch: Path  # for the rest

    @property
    def arguments(self) -> list[str]:
        """The options of the step, for a command line."""
        return ["--version", self.version]


def reproduce(context: Context, version: str | None, *, stack: bool) -> int:
    """Prepare code and environment, and run the step in them; its exit code."""
    found = versions.asked_for(context, version)
    tags = run_of(context, found).data.tags
    with tempfile.TemporaryDirectory(prefix="reproduce-", dir=context.settings.home.resolve()) as folder:
        scratch, commit = Path(folder), tags.get("sluss.commit", "unknown")
        here, name = code_commit(context.settings), context.use_case.name
        code = checked_out(ROOT, commit, here, scratch / "code", use_case=name)
        compare_lock(code, tags.get("sluss.lock", "unknown"))
        python = tags.get("sluss.python", "")
        recorded = RecordedCode(found.name, str(found.version), python, commit, code, scratch)
        return in_fresh_container(context.use_case, recorded) if stack else in_fresh_environment(context, recorded)


def in_fresh_environment(context: Context, recorded: RecordedCode) -> int:
    """Run the step with an interpreter that has nothing but what the lock file pins."""
    use_case = context.use_case
    python = fresh_environment(recorded.code, recorded.python, recorded.scratch / "environment")
    tell(f"Training {recorded.name} version {recorded.version} again …")
    command: list[str | Path] = [python, recorded.code / STEP, "--use-case", use_case.name, *recorded.arguments]
    return subprocess.run(
        command, env=environment_of(context.settings, recorded.code, recorded.commit), check=False
    ).returncode


def in_fresh_container(use_case: UseCase, recorded: RecordedCode) -> int:
    """Run the step in the stack, in a container of its own whose image is made from that commit's lock file.

    Raises:
        ServiceError: the image cannot be made.
    """
    lock = (recorded.code / "requirements.lock").read_bytes()
    # Named by the lock file, which decides the packages, so that the stack's own image stays as it is.
    image = {"SLUSS_VERSION": f"reproduce-{hashlib.sha256(lock).hexdigest()[:12]}", "SLUSS_GIT_COMMIT": recorded.commit}
    tell("Making a fresh image from the lock file …")
    try:
        if docker.compose("build", "--quiet", "init-airflow", code=recorded.code, variables=image).returncode:
            raise ServiceError("The image could not be built: the lines above say why; then run it again.")
        tell(f"Training {recorded.name} version {recorded.version} again …")
        once = ["run", "--rm", "--no-deps", "--no-TTY", "airflow-worker"]
        command = ["python", f"/opt/sluss/{STEP}", "--use-case", use_case.name, *recorded.arguments]
        return docker.compose(*once, *command, code=recorded.code, variables=image).returncode
    finally:
        docker.output("docker", "image", "rm", f"sluss-airflow:{image['SLUSS_VERSION']}")


def checked_out(repository: Path, commit: str, here: str, target: Path, *, use_case: str) -> Path:
    """Folder with the code of the commit: the repository itself if it is at that commit, or if the commit is unknown.

    Raises:
        ModelError: the repository has no such commit, or the commit's code cannot reproduce.
    """
    if commit == here:
        return repository
    if commit == "unknown" or commit.endswith("-dirty"):
        tell("The code was not committed when this version was trained; the code at hand is used.")
        return repository
    tell(f"Taking the code of commit {commit[:12]} …")
    target.mkdir()
    archive = git(repository, "archive", commit)
    if archive is None:
        raise ModelError(
            f"The code that this version was trained with, commit {commit[:12]}, is not in this repository. "
            "Fetch it (git fetch), or run this where it is."
        )
    subprocess.run(["tar", "--extract", "--directory", target], input=archive, check=True)
    if not (target / STEP).is_file():
        raise ModelError(
            f"The code of commit {commit[:12]} is older than {STEP}; train a version anew: make train "
            f"USE_CASE={use_case}."
        )
    return target


def compare_lock(code: Path, recorded: str) -> None:
    """Warn if the lock file of the code is not the recorded one."""
    if hashlib.sha256((code / "requirements.lock").read_bytes()).hexdigest() != recorded:
        tell("The lock file is not the one that this version was trained with; the one at hand is used.")


def fresh_environment(code: Path, version: str, folder: Path) -> Path:
    """The interpreter of a new environment with what the lock file pins for the steps, and nothing else.

    Raises:
        ModelError: this release of Python is not installed.
        ServiceError: the packages cannot be installed.
    """
    tell("Making a fresh environment from the lock file …")
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if uv is None:
        raise ServiceError("uv, which makes the environment, was not found. Run make setup, then try again.")
    minor = version.rpartition(".")[0]
    # The recorded release if it is installed, else another of the same minor version, which the step then reports.
    if not any(_ran([uv, "venv", "--quiet", "--python", each, folder], code) for each in (version, minor) if each):
        raise ModelError(
            f"This version was trained with Python {version or 'unknown'}, and Python {minor} is not installed here. "
            "Install it, or run this where it is."
        )
    python = folder / "bin" / "python"
    pinned = ["--require-hashes", "--constraint", "requirements.lock", "--requirement", "pyproject.toml"]
    if not _ran([uv, "pip", "install", "--quiet", "--python", python, *pinned], code, show=True):
        raise ServiceError("The packages could not be installed; check the network, then run it again.")
    return python


def _ran(command: Sequence[str | Path], folder: Path, *, show: bool = False) -> bool:
    variables = os.environ | {"UV_PYTHON_DOWNLOADS": "never"} | uv_cache()
    finished = subprocess.run(command, cwd=folder, env=variables, capture_output=not show, check=False)
    return finished.returncode == 0


def uv_cache() -> dict[str, str]:
    """A cache below Sluss' own folder where this user's cannot be written, as with a home that is read-only."""
    if "UV_CACHE_DIR" in os.environ or "UV_NO_CACHE" in os.environ or can_be_made(user_cache() / "uv"):
        return {}
    return {"UV_CACHE_DIR": str(load_settings().home / "cache" / "uv")}


def environment_of(settings: Settings, code: Path, commit: str) -> dict[str, str]:
    """This process's variables, but for the code: the state stays where it is."""
    variables = os.environ | {"PYTHONPATH": str(code), "SLUSS_HOME": str(settings.home.resolve())}
    if code != ROOT:
        variables["SLUSS_GIT_COMMIT"] = commit
    return variables


def tell(sentence: str) -> None:
    """Progress, at once."""
    print(sentence, flush=True)


@click.command()
@use_case_option
@version_option()
def command(use_case: str, version: str | None, where: str | None) -> NoReturn:
    """Train a version again with its commit and lock file, in a fresh environment of this machine or of the stack.

    Exit code 1 when another model comes out, with the differences.
    """
    stack = place.choose(where) is not None
    if stack:
        os.environ.update(pages.mlflow_login(env_file.settings()))
    run_step(use_case, lambda context: sys.exit(reproduce(context, version, stack=stack)))


command.params = [*map(with_variable, command.params), place.where_option()]
