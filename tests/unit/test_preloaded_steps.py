"""The scheduler loads our packages once for all that it forks, and still every task runs the code that is there."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "services" / "airflow" / "airflow_local_settings.py"
# As Airflow does it: load, let time pass, fork.
SCHEDULER = """
import os, sys
sys.argv = ["test"]
import airflow_local_settings as settings
settings.load_own()
os.register_at_fork(after_in_child=settings.forget_changed)
exec(sys.stdin.read())
if os.fork() == 0:
    from tasks.steps import one
    print(len(settings._loaded), one.VALUE, one.library.VALUE, flush=True)
    os._exit(0)
os.wait()
"""
# LocalExecutor freezes and unfreezes around each fork; the collections that follow are the scheduler's own.
COLLECTOR = """
import gc, sys, weakref
sys.argv = ["test"]
import airflow_local_settings as settings
class Node: pass
def garbage():
    node = Node()
    node.itself = node
    return weakref.ref(node)
gc.disable()
gc.callbacks.append(settings.freeze_again)
for _ in range(2):
    gc.freeze()
    gc.unfreeze()
    gc.collect(1)
    young = gc.get_freeze_count()
    gc.collect()
    kept = gc.get_freeze_count()
    made_since = garbage()
    gc.collect()
    print(young, 1000 < gc.get_freeze_count() <= kept, made_since() is None)
"""
# tasks, tasks.steps, tasks.steps.one, sluss, sluss.rooms, sluss.rooms.library, components
LOADED = 7


@pytest.fixture
def printed(tmp_path):
    """Run some statements between loading and forking; return the number of modules kept, and the values read."""
    step = tmp_path / "tasks" / "steps" / "one.py"
    library = tmp_path / "sluss" / "rooms" / "library.py"
    for module, content in ((step, "from sluss.rooms import library\n"), (library, "")):
        module.parent.mkdir(parents=True)
        (module.parent.parent / "__init__.py").touch()
        (module.parent / "__init__.py").touch()
        module.write_text(content + "VALUE = 'old'\n")
        os.utime(module, (0, 0))
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "__init__.py").touch()
    paths = os.pathsep.join([str(tmp_path), str(SETTINGS.parent)])

    def run(between: str) -> str:
        words = [sys.executable, "-c", SCHEDULER]
        environment = os.environ | {"PYTHONPATH": paths}
        return subprocess.run(
            words, input=between, env=environment, cwd=tmp_path, text=True, capture_output=True, check=True
        ).stdout.strip()

    return run


def rewritten(file: str) -> str:
    return f"open('{file}', 'a').write('VALUE = \"new\"')"


def test_a_task_finds_steps_and_library_in_memory(printed):
    assert printed("") == f"{LOADED} old old"


def test_a_task_runs_the_step_that_was_changed_since(printed):
    assert printed(rewritten("tasks/steps/one.py")) == "0 new old"


def test_a_task_runs_the_library_that_was_changed_since(printed):
    assert printed(rewritten("sluss/rooms/library.py")) == "0 old new"


def test_a_task_forgets_all_modules_when_a_file_is_gone(printed):
    assert printed("os.remove('tasks/steps/__init__.py')") == "0 old old"


@pytest.mark.parametrize("package", ["sluss", "tasks"])
def test_a_module_that_cannot_be_loaded_does_not_keep_the_scheduler_from_starting(printed, tmp_path, package):
    (tmp_path / package / "broken.py").write_text("import nothing_of_that_name")
    assert printed("").endswith("old old")


def test_a_main_module_is_not_run(printed, tmp_path):
    (tmp_path / "sluss" / "__main__.py").write_text("raise SystemExit('this would end the scheduler')")
    assert printed("") == f"{LOADED} old old"


def test_the_scheduler_does_not_copy_memory_shared_with_its_workers():
    words = [sys.executable, "-c", COLLECTOR]
    environment = os.environ | {"PYTHONPATH": str(SETTINGS.parent)}
    done = subprocess.run(words, env=environment, text=True, capture_output=True, check=True)
    assert done.stdout.splitlines() == ["0 True True"] * 2


def test_the_packages_that_are_preloaded_are_ours():
    tree = ast.parse(SETTINGS.read_text(encoding="utf-8"))
    lists = {
        target.id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert lists["OWN"] == ("sluss", "tasks", "components")
    assert not [name for name in lists["PRELOADED"] if any(part.startswith("_") for part in name.split("."))]
