"""How the process of a step ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

STEP = """
import argparse, atexit, sys
from sluss.step import run_step
from sluss.errors import ConfigError

class Held:
    def __del__(self):
        print("Python was taken apart while other threads may still run")

held = Held()
atexit.register(print, "what was registered has run")
run_step(argparse.Namespace(use_case="sentiment"), lambda context: exec(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [("pass", 0, ""), ("sys.exit(1)", 1, ""), ("raise ConfigError('Mend it.')", 2, "Mend it.\n")],
)
def test_a_step_ends_with_its_code_and_leaves_no_thread_to_abort_it(body, code, said):
    done = subprocess.run([sys.executable, "-c", STEP, body], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "what was registered has run\n", said)


def test_a_bug_shows_its_traceback():
    done = subprocess.run([sys.executable, "-c", STEP, "1 / 0"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
