"""MLflow's SQLite file begins whole or not at all, and one that was broken off bricks no home."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from sqlite3 import connect as sqlite
from typing import TYPE_CHECKING

import pytest

from sluss.config.settings import ROOT, Settings
from sluss.errors import ServiceError
from sluss.tracking.client import connect

if TYPE_CHECKING:
    from pathlib import Path

_BEGIN = """
import sys
from pathlib import Path
from sluss.config.settings import Settings
from sluss.tracking.client import connect
connect(Settings(home=Path(sys.argv[1]), data=None)).create_experiment(sys.argv[2])
"""


def begun(home: Path, experiment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _BEGIN, str(home), experiment]
    return subprocess.Popen(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True)


def broken_off(home: Path) -> Path:
    """A file with a table of a migration that is not noted as done, as a Ctrl-C leaves it."""
    home.mkdir()
    with closing(sqlite(home / "mlflow.db")) as file:
        file.execute("CREATE TABLE model_version_tags (key TEXT)")
    return home / "mlflow.db"


def names(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir())


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_a_beginning_that_is_stopped_leaves_no_half_database(tmp_path: Path, stop: signal.Signals) -> None:
    process, until = begun(tmp_path, "first"), time.monotonic() + 60
    while not list(tmp_path.rglob("mlflow.db")) and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(stop)
    process.communicate()
    assert "mlflow.db" not in names(tmp_path)


def test_of_two_beginnings_at_once_both_find_the_one_database(tmp_path: Path) -> None:
    both = [begun(tmp_path, name) for name in ("first", "second")]
    for process in both:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    found = connect(Settings(home=tmp_path, data=None)).search_experiments()
    assert {each.name for each in found} == {"Default", "first", "second"}
    assert names(tmp_path) == ["mlflow.db"]


def test_an_empty_file_is_no_database_yet(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    assert connect(Settings(home=tmp_path, data=None)).search_experiments()
    assert names(tmp_path) == ["mlflow.db"]


def test_a_database_that_was_never_finished_makes_way_for_a_new_one(tmp_path: Path) -> None:
    home = tmp_path / "home"
    broken_off(home)
    for _ in range(2):  # MLflow keeps the connection of the first attempt
        with pytest.raises(ServiceError, match=r"was never finished.*run this again"):
            connect(Settings(home=home, data=None))
    process = begun(home, "first")
    process.communicate()
    assert process.returncode == 0
    assert [name.partition("-")[0] for name in names(home)] == ["mlflow.db", "mlflow.db.unfinished"]


def test_a_database_with_artifacts_stays_and_the_cure_is_named(tmp_path: Path) -> None:
    path = broken_off(tmp_path / "home")
    artifact = tmp_path / "home" / "artifacts" / "sentiment" / "model.skops"
    artifact.parent.mkdir(parents=True)
    artifact.touch()
    settings = Settings(home=tmp_path / "home", data=None)
    with pytest.raises(ServiceError, match="move the file away: a new one begins"):
        connect(settings)
    assert path.exists()


def test_a_database_of_another_schema_is_named(tmp_path: Path, empty_hub: Path) -> None:
    shutil.copy(empty_hub, tmp_path / "mlflow.db")
    with closing(sqlite(tmp_path / "mlflow.db")) as file:
        file.execute("UPDATE alembic_version SET version_num = 'acf3f17fdcc7'")
        file.commit()
    with pytest.raises(ServiceError, match="cannot be used: Detected out-of-date database schema"):
        connect(Settings(home=tmp_path, data=None))
