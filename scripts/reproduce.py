"""Train a version again with its commit, lock file and Python, in a fresh environment or the stack when it is up."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tasks.hub import registry
from tasks.hub.environment import code_commit
from tasks.hub.tracking import connect, reachable
from tasks.shared.cli import run_step, version_parser
from tasks.shared.errors import ModelError, ServiceError
from tasks.shared.settings import ROOT, Settings
from tasks.shared.use_case import UseCase

STEP = Path("tasks") / "reproduce_model.py"


def reproduce(settings: Settings, use_case: UseCase, version: str | None) -> int:
    """Prepare code and environment, and run the step in them; its exit code."""
    found = registry.asked_for(settings, use_case, version)
    with reachable(settings):
        tags = connect(settings).get_run(found.run_id).data.tags
    with tempfile.TemporaryDirectory(prefix="reproduce-", dir=settings.home.resolve()) as scratch:
        commit = tags.get("sluss.commit", "unknown")
        code = checked_out(ROOT, commit, code_commit(settings), Path(scratch) / "code")
        compare_lock(code, tags.get("sluss.lock", "unknown"))
        python = fresh_environment(code, tags.get("sluss.python", ""), Path(scratch) / "environment")
        tell(f"Training {found.name} version {found.version} again …")
        chosen = ["--use-case", use_case.name, "--version", str(found.version)]
        command: list[str | Path] = [python, code / STEP, *chosen]
        return subprocess.run(command, env=environment_of(settings, code, commit), check=False).returncode


def checked_out(repository: Path, commit: str, here: str, target: Path) -> Path:
    """Folder with the code of the commit: the repository itself if it is there, or if nobody knows better.

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
    archive = subprocess.run(["git", "archive", commit], cwd=repository, capture_output=True, check=False)
    if archive.returncode:
        raise ModelError(
            f"The code that this version was trained with, commit {commit[:12]}, is not in this repository. "
            "Fetch it (git fetch), or run this where it is."
        )
    subprocess.run(["tar", "--extract", "--directory", target], input=archive.stdout, check=True)
    if not (target / STEP).is_file():
        raise ModelError(f"The code of commit {commit[:12]} is older than {STEP}; train a version anew: make train.")
    return target


def compare_lock(code: Path, recorded: str) -> None:
    """Say so where the lock file beside the code is not the one that was recorded."""
    if hashlib.sha256((code / "requirements.lock").read_bytes()).hexdigest() != recorded:
        tell("The lock file is not the one that this version was trained with; the one at hand is used.")


def fresh_environment(code: Path, version: str, folder: Path) -> Path:
    """The interpreter of a new environment with what the lock file pins for the steps, and nothing else.

    Raises:
        ModelError: there is no such Python here.
        ServiceError: the packages cannot be installed.
    """
    tell("Making a fresh environment from the lock file …")
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if uv is None:
        raise ServiceError("There is no uv to make an environment with. Run make setup, then try again.")
    minor = version.rpartition(".")[0]
    # The very release if it is here; else another of the same minor version, which the step then tells.
    if not any(_ran([uv, "venv", "--quiet", "--python", each, folder], code) for each in (version, minor) if each):
        raise ModelError(
            f"This version was trained with Python {version or 'unknown'}, and there is no Python {minor} here. "
            "Install it, or run this where it is."
        )
    python = folder / "bin" / "python"
    pinned = ["--require-hashes", "--constraint", "requirements.lock", "--requirement", "pyproject.toml"]
    if not _ran([uv, "pip", "install", "--quiet", "--python", python, *pinned], code, show=True):
        raise ServiceError("The packages could not be installed; check the network, then run it again.")
    return python


def _ran(command: Sequence[str | Path], folder: Path, *, show: bool = False) -> bool:
    variables = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    finished = subprocess.run(command, cwd=folder, env=variables, capture_output=not show, check=False)
    return finished.returncode == 0


def environment_of(settings: Settings, code: Path, commit: str) -> dict[str, str]:
    """This process's variables, but for the code: the state stays where it is."""
    variables = os.environ | {"PYTHONPATH": str(code), "SLUSS_HOME": str(settings.home.resolve())}
    if code != ROOT:
        variables["SLUSS_GIT_COMMIT"] = commit
    return variables


def tell(sentence: str) -> None:
    """Progress, at once."""
    print(sentence, flush=True)


def main() -> None:
    """Reproduce in the stack if it is up, whose image is made from the lock file, otherwise here."""
    given = version_parser(__doc__ or "").parse_args()
    if _ran(["python3", "scripts/stack.py", "is-up"], ROOT):
        version = ["--version", given.version] if given.version else []
        step = ["scripts/step.sh", STEP.stem, *version]
        variables = os.environ | {"USE_CASE": given.use_case}
        sys.exit(subprocess.run(step, cwd=ROOT, env=variables, check=False).returncode)
    run_step(given, lambda settings, use_case: sys.exit(reproduce(settings, use_case, given.version)))


if __name__ == "__main__":
    main()
