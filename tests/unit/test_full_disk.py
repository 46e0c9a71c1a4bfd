"""Each library's word for a full disk leads to one sentence; other errors do not."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from sluss.config.settings import Settings
from sluss.disk import Room, explained, full_disk, room
from sluss.errors import DataError, ModelError, ServiceError, SlussError
from sluss.gates.clean_process.process import CleanProcess


class PostgresError(Exception):
    """As ADBC and psycopg2 raise it."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("the database said no")
        self.sqlstate = sqlstate


def test_the_systems_number_for_a_full_disk_is_known():
    with pytest.raises(OSError, match="No space left") as raised:
        Path("/dev/full").write_text("x" * 100_000)
    assert "The disk of" in str(full_disk(raised.value))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_the_cause_counts_also_below_another_error(code):
    try:
        try:
            raise OSError(code, "full")
        except OSError as inner:
            raise DataError("The table cannot be read. Restore it from a backup.") from inner
    except DataError as outer:
        found = explained(outer)
    assert isinstance(found, ServiceError)
    assert "is full" in str(found)
    assert "backup" not in str(found)


def test_sqlites_own_error_is_known():
    base = sqlite3.connect(":memory:")
    base.execute("PRAGMA max_page_count = 2")
    base.execute("CREATE TABLE t (x)")
    with pytest.raises(sqlite3.OperationalError) as raised:
        base.execute("INSERT INTO t VALUES (zeroblob(100000))")
    base.close()
    assert full_disk(raised.value)


def test_postgres_names_its_disk_by_its_code():
    assert "The disk of Postgres is full" in str(full_disk(PostgresError("53100")))
    assert full_disk(PostgresError("53200")) is None


@pytest.mark.parametrize(
    "text",
    [
        "Generic LocalFileSystem error: Unable to copy data to file: No space left on device (os error 28)",
        'IO Error: Could not write file "warehouse.duckdb": No space left on device',
        "(sqlite3.OperationalError) database or disk is full",
    ],
)
def test_the_texts_of_libraries_without_a_code_are_known(text):
    assert "The disk of" in str(full_disk(OSError(text)))


@pytest.mark.parametrize(
    "answer",
    [
        "Server returned 507: <Code>XMinioStorageFull</Code>",
        "When uploading part for key '39': AWS Error INTERNAL_FAILURE: write /data/x: no space left on device",
        "Generic S3 error: Error performing PUT http://minio:9000/lake/part: 500: no space left on device",
    ],
)
def test_a_full_store_is_named_by_its_address(monkeypatch, answer):
    monkeypatch.setenv("SLUSS_S3_ENDPOINT_URL", "http://minio:9000")
    assert "The disk of the store at http://minio:9000 is full" in str(full_disk(OSError(answer)))


def test_other_errors_stay_what_they_are():
    own = DataError("There are no rows.")
    assert explained(own) is own
    assert explained(ValueError("a bug")) is None
    assert explained(OSError(errno.EACCES, "Permission denied")) is None


def test_a_step_that_gets_no_more_memory_ends_in_a_sentence(monkeypatch):
    monkeypatch.setenv("SLUSS_PLACE", "stack")
    found = explained(MemoryError())
    assert isinstance(found, SlussError)
    assert not isinstance(found, ServiceError)
    assert "needs more memory than it gets" in str(found)
    assert "AIRFLOW_TASK_MEMORY" in str(found)


class Ends(CleanProcess):
    """A clean process that ends at once, by a script of the test."""

    def __init__(self, folder: Path, script: str) -> None:
        super().__init__(folder)
        self._script = folder / "script.py"
        self._script.write_text(script)

    def asked_for_output(self) -> object:
        self.start()
        return self.output()


def test_a_killed_process_of_a_gate_refuses_no_model(tmp_path):
    script = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with (
        Ends(tmp_path, script) as process,
        pytest.raises(ServiceError, match="was killed: by a restart, or by the mem"),
    ):
        process.asked_for_output()


def test_a_process_of_a_gate_that_fails_on_a_full_disk_refuses_no_model(tmp_path, monkeypatch):
    with Ends(tmp_path, "raise SystemExit(120)") as process:
        with pytest.raises(ModelError, match="exit code 120"):
            process.asked_for_output()
        monkeypatch.setattr("shutil.disk_usage", lambda _: Usage())
        with pytest.raises(ServiceError, match=f"The disk of {tmp_path} is full"):
            process.output()


class Usage:
    """Of a disk without any room."""

    free = 0


GB = 1024**3


@pytest.mark.parametrize(
    ("free", "total", "warned"),
    [(0.9, 4, True), (1.1, 4, False), (4, 250, True), (5.1, 250, False), (4.9, 4000, True), (6, 4000, False)],
)
def test_a_disk_that_will_be_full_soon_is_named_early(free, total, warned):
    warning = Room("/data", int(free * GB), int(total * GB)).warning
    assert bool(warning) == warned
    assert not warned or f"The disk of /data has {free:.1f} of {total} GB left" in warning


def test_the_room_of_a_home_that_does_not_exist_yet_is_that_of_its_disk(tmp_path):
    found = room(Settings(home=tmp_path / "new" / "home"))
    assert found.total == room(Settings(home=tmp_path)).total > 0
    assert found.as_json()["folder"] == str(tmp_path / "new" / "home")


def test_in_the_stack_it_is_that_of_the_containers(tmp_path):
    assert room(Settings(home=tmp_path, place="stack")).folder == "the stack's containers"


@pytest.mark.parametrize("last", ["memory allocation of 736008 bytes failed", "MemoryError", "std::bad_alloc"])
def test_a_process_of_a_gate_that_gets_no_memory_refuses_no_model(tmp_path, last):
    script = f"import os; os.write(2, {last.encode()!r}); os.abort()"
    with (
        Ends(tmp_path, script) as process,
        pytest.raises(ServiceError, match="scores or trains needs more memory than it gets"),
    ):
        process.asked_for_output()
