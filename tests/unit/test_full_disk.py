"""Each library's word for a full disk leads to one sentence; other errors do not."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from sluss.disk import explained, full_disk
from sluss.errors import DataError, ServiceError, SlussError


class PostgresError(Exception):
    """As ADBC and psycopg2 raise it."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("the database said no")
        self.sqlstate = sqlstate


def test_the_systems_number_for_a_full_disk_is_known():
    with pytest.raises(OSError, match="No space left") as raised, Path("/dev/full").open("w") as file:
        file.write("x" * 100_000)
        file.flush()
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


def test_a_full_store_is_named_by_its_address(monkeypatch):
    monkeypatch.setenv("SLUSS_S3_ENDPOINT_URL", "http://minio:9000")
    answer = "Server returned 507: <Code>XMinioStorageFull</Code>"
    assert "The disk of the store at http://minio:9000 is full" in str(full_disk(OSError(answer)))


def test_other_errors_stay_what_they_are():
    own = DataError("There are no rows.")
    assert explained(own) is own
    assert explained(ValueError("a bug")) is None
    assert explained(OSError(errno.EACCES, "Permission denied")) is None


def test_a_step_that_gets_no_more_memory_ends_in_a_sentence():
    found = explained(MemoryError())
    assert isinstance(found, SlussError)
    assert not isinstance(found, ServiceError)
    assert "needs more memory than it gets" in str(found)
    assert "AIRFLOW_TASK_MEMORY" in str(found)
