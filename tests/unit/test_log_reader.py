"""The logs of tasks as Airflow's web server reads them: those in their folder, and no file that a link leads to."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sluss.config.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TASK = "dag_id=d/run_id=r/task_id=t"
LOG = f"{TASK}/attempt=1.log"


@pytest.fixture(scope="module")
def reader() -> Iterator[Any]:
    """The module, as the image has it."""
    sys.path.insert(0, str(ROOT / "services" / "airflow"))
    yield importlib.import_module("log_reader")
    sys.path.pop(0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the logs with one log; next to it, a file with a secret."""
    (tmp_path / "logs" / TASK).mkdir(parents=True)
    (tmp_path / "logs" / LOG).write_text("first\n\nlast\n", encoding="utf-8")
    (tmp_path / "secret").mkdir()
    for name in ("secret/attempt=1.log", "attempt=1.log"):
        (tmp_path / name).write_text("a secret\n", encoding="utf-8")
    return tmp_path / "logs"


def test_the_lines_of_each_file_of_an_attempt_are_read(reader: Any, folder: Path) -> None:
    (folder / f"{LOG}.trigger.7.log").write_bytes(b"caf\xc3\xa9 \xff\n")
    (folder / TASK / "attempt=2.log").write_text("of another attempt\n", encoding="utf-8")
    logs = reader.LinklessLogs(folder)
    sources, streams = logs.stream(LOG, None)
    assert sources == [str(folder / LOG), str(folder / f"{LOG}.trigger.7.log")]
    assert [list(lines) for lines in streams] == [["first", "", "last"], ["caf\xe9 \ufffd"]]
    assert logs.read(LOG, None) == (sources, ["first\n\nlast", "caf\xe9 \ufffd"])


def test_a_link_in_any_part_of_the_path_is_not_followed(reader: Any, folder: Path) -> None:
    (folder / f"{LOG}.link").symlink_to(folder.parent / "secret" / "attempt=1.log")
    (folder / f"{LOG}.near").symlink_to(folder / LOG)
    (folder / "dag_id=d" / "run_id=r" / "task_id=link").symlink_to(folder.parent / "secret")
    (folder / "dag_id=link").symlink_to(folder.parent)
    logs = reader.LinklessLogs(folder)
    assert logs.read(LOG, None)[0] == [str(folder / LOG)]
    for path in ("dag_id=d/run_id=r/task_id=link", "dag_id=link", "dag_id=link/secret", "..", f"{TASK}/../../../.."):
        assert logs.stream(f"{path}/attempt=1.log", None) == ([], [])
    assert logs.stream(str(folder.parent / "attempt=1.log"), None) == ([], [])


def test_what_is_not_a_file_is_left_out_at_once(reader: Any, folder: Path) -> None:
    os.mkfifo(folder / f"{LOG}.pipe")
    (folder / f"{LOG}.folder").mkdir()
    assert reader.LinklessLogs(folder).read(LOG, None)[0] == [str(folder / LOG)]


def test_a_log_that_does_not_exist_yet_is_empty(reader: Any, folder: Path) -> None:
    for path in ("dag_id=d/run_id=new/task_id=t/attempt=1.log", f"{TASK}/attempt=3.log"):
        assert reader.LinklessLogs(folder).stream(path, None) == ([], [])


def test_airflow_finds_the_reader_and_its_own_settings_of_logging(reader: Any) -> None:
    assert "handlers" in reader.LOGGING_CONFIG
    assert str(reader.REMOTE_TASK_LOG.folder) == "/opt/sluss/logs"
