"""The scheduler loads tasks/ once for all that it forks, and still every task runs the code that is there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What Airflow does: load, let time pass, fork.
SCHEDULER = """
import os, sys
sys.argv = ["test"]
import airflow_local_settings as settings
settings.load_steps()
os.register_at_fork(after_in_child=settings.forget_changed_steps)
exec(sys.stdin.read())
if os.fork() == 0:
    from tasks.steps import one
    print(len(settings._steps), one.VALUE, flush=True)
    os._exit(0)
os.wait()
"""


@pytest.fixture
def said(tmp_path):
    """What a child says that was forked after some statements; the number of modules that it got from its parent."""
    package = tmp_path / "tasks" / "steps"
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").touch()
    step = package / "one.py"
    step.write_text("VALUE = 'old'")
    os.utime(step, (0, 0))
    paths = os.pathsep.join([str(tmp_path), str(ROOT / "services" / "airflow")])

    def run(between: str) -> str:
        words = [sys.executable, "-c", SCHEDULER]
        environment = os.environ | {"PYTHONPATH": paths}
        return subprocess.run(
            words, input=between, env=environment, cwd=tmp_path, text=True, capture_output=True, check=True
        ).stdout.strip()

    return run


def test_a_task_finds_the_steps_in_memory(said):
    assert said("") == "3 old"


def test_a_task_runs_the_code_that_was_changed_since(said):
    assert said("open('tasks/steps/one.py', 'w').write('VALUE = \"new\"')") == "0 new"


def test_a_task_forgets_all_steps_when_a_file_is_gone(said):
    assert said("os.remove('tasks/steps/__init__.py')") == "0 old"


def test_a_step_that_cannot_be_loaded_does_not_keep_the_scheduler_from_starting(said, tmp_path):
    (tmp_path / "tasks" / "broken.py").write_text("import nothing_of_that_name")
    assert said("").endswith("old")
