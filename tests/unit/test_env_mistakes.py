"""Mistakes in `.env`: each is one sentence, before anything is built or started."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sluss.config.settings import ROOT
from sluss.stack import env_file, env_names

if TYPE_CHECKING:
    from pathlib import Path

CHECK = "from sluss.stack import env_names; env_names.check()"

WRONG = [
    ("MLFLOW_PORTT=5001", "Line 1 of .* sets MLFLOW_PORTT, which nothing reads: write MLFLOW_PORT,"),
    ("\n# mine\nMLFLOWPORT=5001", "Line 3 of .* write MLFLOW_PORT,"),
    ("mlflow_port=5001", "sets mlflow_port, which nothing reads: write MLFLOW_PORT,"),
    ("AIRFLOW_ADMIN_PASWORD=x", "write AIRFLOW_ADMIN_PASSWORD,"),
    ("MLFLOW_PORT=5001\n\nMLFLOW_PORT=5002", "Line 3 of .* sets MLFLOW_PORT a second time, unlike line 1: delete"),
    ("MLFLOW_PORT", "Line 1 of .* is not a setting: write it as NAME=value"),
    ("MLFLOW_PORT: 5001", "Line 1 of .* is not a setting"),
    ("set MLFLOW_PORT=5001", "Line 1 of .* is not a setting"),
    ("MLFLOW-PORT=5001", "Line 1 of .* is not a setting"),
    ('MLFLOW_PORT="5001', "Line 1 of .* opens a quote and does not close it"),
    ("MLFLOW_ADMIN_PASSWORD=correct-horse-$battery", "Line 1 of .* has a [$], which compose takes for another setting"),
]
RIGHT = [
    "MLFLOW_PORT=5001",
    "MLFLOW_PORT = 5001",
    "MLFLOW_PORT=5001\nAIRFLOW_PORT=8081\nMLFLOW_PORT=5001",  # an older example had a line twice
    "export MLFLOW_PORT=5001",
    "MLFLOW_PORT='5001'",
    'MLFLOW_PORT="5001" # mine',
    "\ufeffMLFLOW_PORT=5001",
    "# mine\r\nMLFLOW_PORT=5001\r\n",
    "  MLFLOW_PORT=5001  ",
]


def checked(env: Path, text: str) -> subprocess.CompletedProcess[str]:
    env.write_bytes(text.encode())
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SLUSS_ENV_FILE": str(env)}
    return subprocess.run([sys.executable, "-c", CHECK], env=known, capture_output=True, text=True, check=False)


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SLUSS_ENV_FILE", str(tmp_path / ".env"))
    return tmp_path / ".env"


@pytest.mark.parametrize(("text", "sentence"), WRONG)
def test_a_wrong_line_is_named_with_its_cure(env: Path, text: str, sentence: str) -> None:
    env.write_bytes(text.encode())
    with pytest.raises(env_file.StackError) as refused:
        env_names.check()
    assert re.search(sentence, str(refused.value))
    assert "battery" not in str(refused.value)  # a line may hold a secret


@pytest.mark.parametrize("text", RIGHT)
def test_what_compose_reads_is_read_in_the_same_way(env: Path, text: str) -> None:
    env.write_bytes(text.encode())
    env_names.check()
    assert env_file.settings()["MLFLOW_PORT"] == "5001"


def test_a_name_of_the_users_own_is_shown_and_stays(env: Path) -> None:
    done = checked(env, "MLFLOW_PORT=5001\nOUR_TEAM=blue\nCOMPOSE_PARALLEL_LIMIT=2\n")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"Line 2 of {env} sets OUR_TEAM, which nothing of Sluss reads.\n"


def test_a_setting_of_an_older_release_is_shown_and_stops_nothing(env: Path) -> None:
    done = checked(env, "CONTROL_ROOM_HOSTS=room.example.org\n")
    assert done.returncode == 0
    assert done.stderr == f"Line 1 of {env} sets CONTROL_ROOM_HOSTS, which nothing of Sluss reads.\n"


def test_the_example_has_no_mistake_and_every_name_of_it_is_known(env: Path) -> None:
    env.write_bytes(env_file.EXAMPLE.read_bytes())
    env_names.check()
    assert set(env_file.read(env_file.EXAMPLE)) <= env_names.known_names()


def test_no_two_settings_are_so_alike_that_one_would_pass_for_a_misspelling_of_the_other(env: Path) -> None:
    for name in env_names.known_names():
        env.write_text(f"{name}=x\n")
        env_names.check()
