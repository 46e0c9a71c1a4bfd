"""How the process of a step ends, with and without the function that skips Python's teardown."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sluss.config.settings import ROOT

STEP = """
import atexit, logging, os, sys, threading, time
from sluss.step import run_step
from sluss.errors import ConfigError

class Held:
    def __del__(self):
        print("Python was taken apart while other threads may still run")

class Logged(logging.StreamHandler):
    def close(self):
        self.stream.write("the log was closed\\n")

held = Held()
atexit.register(print, "what was registered has run")
logging.getLogger().addHandler(Logged(sys.stderr))
threading.Thread(target=lambda: (time.sleep(0.1), print("a thread had time to finish"))).start()
if sys.argv[2] == "without":
    del os._exit
run_step("sentiment", lambda context: exec(sys.argv[1]))
"""
ENDS = [("pass", 0, ""), ("sys.exit(1)", 1, ""), ("raise ConfigError('Mend it.')", 2, "Mend it.\n")]


def run(body, exit_function="with"):
    return subprocess.run(
        [sys.executable, "-c", STEP, body, exit_function], capture_output=True, text=True, check=False, cwd=ROOT
    )


@pytest.mark.parametrize(("body", "code", "said"), ENDS)
def test_a_step_ends_with_its_code_and_leaves_no_thread_to_abort_it(body, code, said):
    done = run(body)
    assert done.returncode == code
    assert done.stdout == "a thread had time to finish\nwhat was registered has run\n"
    assert done.stderr == f"{said}the log was closed\n"


@pytest.mark.parametrize(("body", "code", "said"), ENDS)
def test_a_step_ends_with_its_code_where_python_can_only_be_taken_apart(body, code, said):
    done = run(body, "without")
    assert done.returncode == code
    assert done.stdout.startswith("a thread had time to finish\nwhat was registered has run\n")
    assert done.stderr == f"{said}the log was closed\n"


def test_a_bug_shows_its_traceback():
    done = run("1 / 0")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


def test_a_program_that_only_imports_the_library_ends_as_python_does():
    held = "class Held:\n    def __del__(self):\n        print('freed')\nheld = Held()"
    code = f"import sluss.step, sys\n{held}\nsys.exit(3)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout) == (3, "freed\n")
