"""Memory that runs out: a sentence with the limit and the cure, also of a process that cannot say so itself."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool

import adbc_driver_duckdb.dbapi
import duckdb
import numpy as np
import pyarrow as pa
import pytest

from sluss import memory
from sluss.config.settings import ROOT
from sluss.disk import explained
from sluss.errors import DataError, ModelError

HUGE = 1 << 60


def of_duckdb():
    with duckdb.connect(config={"memory_limit": "4MB", "temp_directory": ""}) as connection:
        connection.execute("SELECT list(range) FROM range(10000000)").fetchall()


def of_adbc():
    with adbc_driver_duckdb.dbapi.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET memory_limit = '4MB'")
        cursor.execute("SET temp_directory = ''")
        cursor.execute("SELECT list(range) FROM range(10000000)")
        cursor.fetch_arrow_table()


def of_a_cause():
    try:
        bytearray(HUGE)
    except MemoryError as error:
        raise ModelError("The model cannot be fitted.") from error


def of_the_system():
    raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))


def of_rust():
    raise Exception("Resources exhausted: Additional allocation failed for ExternalSorter")  # noqa: TRY002 - as delta-rs


REFUSALS = [
    of_duckdb,
    of_adbc,
    of_a_cause,
    of_the_system,
    of_rust,
    lambda: bytearray(HUGE),
    lambda: np.ones(1 << 46),
    lambda: pa.allocate_buffer(HUGE),
]


@pytest.mark.parametrize("refused", REFUSALS)
def test_a_library_that_gets_no_memory_is_one_sentence_with_limit_and_cure(refused):
    sentence = "no error"
    try:
        refused()
    except Exception as error:  # noqa: BLE001 - each library has a type of its own
        sentence = str(explained(error))
    assert sentence.startswith(
        "This step needs more memory than it gets: it reached the memory that it may take: at most"
    )
    assert sentence.endswith("lower training.window_days in the use case's config.")


def test_a_worker_that_was_killed_is_named():
    assert "was killed" in str(explained(BrokenProcessPool("terminated abruptly")))


def test_other_errors_stay_what_they_are():
    assert explained(ValueError("no memory of it")) is None
    assert str(explained(DataError("Wrong rows."))) == "Wrong rows."


def test_the_limit_of_the_shell_counts(monkeypatch):
    monkeypatch.setattr("resource.getrlimit", lambda _: (1024**3, 1024**3))
    assert memory.usable_memory() == 1024**3
    assert "at most 1.0 GB (ulimit -v)" in memory.advice()


def begun(*body):
    """A watched command that then does this."""
    lines = ["import os, signal, sys, time", "from sluss.watched import go_on_watched", "go_on_watched()", *body]
    return subprocess.Popen(
        [sys.executable, "-c", "\n".join(lines), "train"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def ended(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize(
    ("number", "word"), [(signal.SIGKILL, "killed (signal 9)"), (signal.SIGABRT, "aborted (signal 6)")]
)
def test_a_command_that_dies_of_memory_is_named_with_its_peak_and_the_cure(number, word):
    code, _, said = ended(begun("taken = b'x' * 200_000_000", f"os.kill(os.getpid(), {int(number)})"))
    assert code == 2
    assert said.startswith(f"The command train was {word} after it had held up to 0.2 GB. ")
    assert "the memory that it may take: at most" in said
    assert said.count("\n") == 1


def test_a_watched_command_ends_with_its_own_code_and_words():
    assert ended(begun("print('done')", "sys.exit(3)")) == (3, "done\n", "")
    assert ended(begun("print('done')")) == (0, "done\n", "")


def test_a_crash_of_another_kind_is_left_to_the_shell():
    assert ended(begun("os.kill(os.getpid(), signal.SIGBUS)")) == (-signal.SIGBUS, "", "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_reaches_the_command(number, code):
    process = begun(
        "from sluss.terminal import command_line",
        "with command_line():",
        "    print('ready', flush=True)",
        "    time.sleep(60)",
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert ended(process)[0] == code


def test_a_ctrl_c_in_the_text_of_a_class_is_the_code_of_one():
    process = begun(
        "from sluss.terminal import command_line",
        "with command_line():",
        "    exec('print(1, flush=True); time.sleep(60)')",
    )
    assert process.stdout.readline() == "1\n"
    process.send_signal(signal.SIGINT)
    code, _, said = ended(process)
    assert (code, said.count("Stopped.")) == (130, 1)


def test_the_command_ends_with_the_process_that_watches_it():
    process = begun("print(os.getpid(), flush=True)", "time.sleep(60)")
    child = int(process.stdout.readline())
    process.kill()
    process.communicate(timeout=10)
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{child}") and time.monotonic() < deadline:  # noqa: PTH110 - of the kernel
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{child}")  # noqa: PTH110
