"""The machines of users: moved folders, other shells, other encodings, and a command that is stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from typing import TYPE_CHECKING

import pytest

from sluss.config.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# What a shell that serves other projects has, and what nothing here may follow.
FOREIGN = {
    "MLFLOW_RUN_ID": "0" * 32, "MLFLOW_EXPERIMENT_ID": "77", "MLFLOW_EXPERIMENT_NAME": "other",
    "MLFLOW_REGISTRY_URI": "sqlite:////nowhere/registry.db", "MLFLOW_ACTIVE_MODEL_ID": "m-0",
    "AIRFLOW_HOME": "/nowhere", "AIRFLOW__CORE__EXECUTOR": "Other", "PYTHONWARNINGS": "error",
    "PYTHONSTARTUP": "/nowhere", "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9", "TZ": "Nowhere/Nowhere", "COLUMNS": "20", "NO_COLOR": "1", "TERM": "dumb",
    "PYTHONIOENCODING": "ascii", "HOME": "/nowhere", "PYTHONDONTWRITEBYTECODE": "1",
}  # fmt: skip


@pytest.fixture(scope="session")
def installed(tmp_path_factory) -> Path:
    """A folder that makes the distribution's entry points known, whatever is installed."""
    folder = tmp_path_factory.mktemp("installed") / "sluss_here-0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: sluss-here\nVersion: 0\n")
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    lines = [
        f"[{group}]\n" + "\n".join(f"{name} = {at}" for name, at in each.items()) for group, each in groups.items()
    ]
    (folder / "entry_points.txt").write_text("\n".join(lines))
    return folder.parent


@pytest.fixture
def started(installed, tmp_path):
    """Start `sluss` in a process of its own, in a bare environment."""

    def start(home: Path, *words: str, **variables: str) -> subprocess.Popen[str]:
        known = {
            "PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{installed}", "WHERE": "embedded", "HOME": str(tmp_path),
            "SLUSS_HOME": str(home), "SLUSS_ENV_FILE": str(tmp_path / "none.env"), "COLUMNS": "200",
        }  # fmt: skip
        command = [sys.executable, "-m", "commands", *words]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command,
            stdout=pipe,
            stderr=pipe,
            text=True,
            errors="replace",
            env=known | variables,
            cwd=ROOT,
            start_new_session=True,
        )

    return start


@pytest.fixture
def ran(started):
    """Run `sluss` to its end: exit code, output and errors."""

    def run(home: Path, *words: str, **variables: str) -> tuple[int, str, str]:
        process = started(home, *words, **variables)
        out, errors = process.communicate(timeout=200)
        return process.returncode, out, errors

    return run


def files_of(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.mark.nightly
def test_a_moved_home_is_read_and_written_in_its_new_place(first_days, ran, tmp_path):
    moved, before = tmp_path / "grö ßer" / "var", files_of(first_days.home)
    shutil.copytree(first_days.home, moved)
    shutil.rmtree(moved / "models")  # the copies from which a model is loaded without asking the store
    code, said, errors = ran(moved, "gates", VERSION="1")
    assert "data refused" not in errors
    assert "identity" in said
    assert (code in {0, 1}, "Traceback" in errors) == (True, False)
    assert ran(moved, "train", "--force")[0] == 0
    assert ran(moved, "report")[0] in {0, 2}
    assert files_of(first_days.home) == before
    assert len(list((moved / "artifacts" / "sentiment" / "models").iterdir())) > len(
        list((first_days.home / "artifacts" / "sentiment" / "models").iterdir())
    )


@pytest.mark.nightly
def test_a_shell_of_other_projects_changes_nothing(first_days, ran, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(first_days.home, home)
    for words in (["train", "--force"], ["history"], ["gates"], ["status"]):
        code, _, errors = ran(home, *words, **FOREIGN)
        assert (code in {0, 1}, "Traceback" in errors) == (True, False), errors
    assert ran(home, "history", "--json")[1].count('"action"') == 1
    assert "version 2" in ran(home, "lineage", VERSION="2")[1]


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
    ids=str,
)
def test_signs_that_an_encoding_lacks_are_replaced(ran, tmp_path, variables):
    code, _, errors = ran(tmp_path / "größe …", "history", USE_CASE="größe – …", **variables)
    assert code == 2
    assert "does not exist in" in errors


@pytest.mark.parametrize("address", ["mlruns", "file:///tmp/mlruns", "databricks", "./mlruns"])
def test_a_store_of_files_in_mlflows_variable_is_one_sentence(ran, tmp_path, address):
    code, out, errors = ran(tmp_path, "history", MLFLOW_TRACKING_URI=address)
    assert (code, out) == (2, "")
    assert f"MLFLOW_TRACKING_URI cannot be used: '{address}' is neither a server (http://…) nor a database" in errors


@pytest.mark.parametrize("end", [(signal.SIGINT, 130, "Stopped"), (signal.SIGTERM, 143, "Ended")], ids=str)
@pytest.mark.parametrize("seconds", [0.4, 1.5, 4])
def test_a_command_that_is_stopped_ends_in_one_line(copy_of_first_days, started, end, seconds):
    number, code, word = end
    process = started(copy_of_first_days.home, "train")
    time.sleep(seconds)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    # Click ends the line in which the terminal shows ^C.
    lines = [line for line in errors.splitlines() if line and not line.startswith("embedded, ")]
    # A shell calls both 130: Python ends itself by the signal where C code had run the module that was interrupted.
    assert process.returncode in {code, -number}, errors
    assert len(lines) == 1
    assert lines[0].startswith(word)


def test_a_reader_that_goes_away_ends_nothing(first_days, started):
    with started(first_days.home, "history") as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        errors = process.stderr.read()
    assert (process.returncode, errors.startswith("embedded, "), len(errors.splitlines())) == (0, True, 1)


def test_a_command_without_any_output_runs(first_days, installed):
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{installed}", "SLUSS_HOME": str(first_days.home)}
    shell = f"exec {sys.executable} -m commands history --where embedded <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", shell], env=variables, cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("word", ["demo", "train"])
def test_a_home_that_cannot_be_made_is_one_sentence(ran, archive, tmp_path, word):
    (tmp_path / "file").touch()
    code, _, errors = ran(tmp_path / "file" / "home", word, DATA=str(archive))
    assert (code, "Traceback" in errors) == (2, False)
    assert "cannot be made: Not a directory. Set SLUSS_HOME to one that can be written." in errors
