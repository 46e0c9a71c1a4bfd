"""Every variable of every `make` target: neither make nor a shell reads the text of a person."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from commands.catalogue import ENTRIES
from sluss.config.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

NASTY = "$(shell touch x)`touch x`$(touch x);touch x|touch x&'\"\\ ü #%{}*?~!\n\ttouch x"
MAKEFILE = (ROOT / "Makefile").read_text()
RECIPES = re.findall(r"^([a-z-]+):.*## .*\n\t(.*)", MAKEFILE, re.MULTILINE)
BY_SLUSS = sorted(target for target, recipe in RECIPES if recipe.startswith("@$(SLUSS)"))
BY_STACK = sorted(target for target, recipe in RECIPES if recipe.startswith("@$(STACK)"))


def variables_of(target: str) -> set[str]:
    """The variables that a target reads, by its command, and those that its line in `make help` names."""
    line = re.search(rf"^{target}:.*## (.*)", MAKEFILE, re.MULTILINE)
    assert line
    named = set(re.findall(r"\b([A-Z_]{2,})=", line[1]))
    if target in ENTRIES:
        params = ENTRIES[target].load().params
        named |= {param.envvar for param in params if isinstance(param, click.Option) and isinstance(param.envvar, str)}
    return named | {"USE_CASE"}


def started(folder: Path, *words: str, **variables: str) -> tuple[list[str], dict[str, str]]:
    """The words that make gives to the programs of a target, and the variables that it gives to each of them."""
    program = folder / "program"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps([sys.argv[1:], dict(os.environ)]))\n"
    )
    program.chmod(0o755)
    own = [f"SLUSS={program}", f"STACK={program}"]
    command = ["make", "--silent", "--old-file", ".venv/.ready", *own, *words]
    environment = {"PATH": os.environ["PATH"], **variables}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr
    calls = [json.loads(line) for line in done.stdout.splitlines()]
    in_all = set.intersection(*(set(variables.items()) for _, variables in calls))
    return [word for words, _ in calls for word in words], dict(in_all)


@pytest.mark.parametrize("target", [*BY_SLUSS, *BY_STACK])
def test_no_variable_of_a_target_is_read_by_make_or_a_shell(tmp_path: Path, target: str) -> None:
    names = sorted(variables_of(target))
    nasty = {name: f"{name} {NASTY}" for name in names}
    plain = started(tmp_path, target)[0]
    words, found = started(tmp_path, target, *(f"{name}={text}" for name, text in nasty.items()))
    assert (words, {name: found[name] for name in names}) == (plain, nasty)
    words, found = started(tmp_path, target, **nasty)
    assert (words, {name: found[name] for name in names}) == (plain, nasty)
    assert not (ROOT / "x").exists()


def test_settings_for_another_python_reach_no_command(tmp_path: Path) -> None:
    foreign = {
        "PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere", "PYTHONSTARTUP": "/nowhere", "PYTHONWARNINGS": "error",
        "PYTHONOPTIMIZE": "2", "PYTHONINSPECT": "1", "PYTHONSAFEPATH": "1", "VIRTUAL_ENV": "/nowhere",
    }  # fmt: skip
    program = tmp_path / "show"
    program.write_text("#!/bin/sh\nenv\n")
    program.chmod(0o755)
    command = ["make", "--silent", "--old-file", ".venv/.ready", f"SLUSS={program}", "history"]
    environment = {"PATH": os.environ["PATH"], **foreign}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr
    assert not {line.split("=")[0] for line in done.stdout.splitlines()} & set(foreign)


def test_targets_run_one_after_the_other_with_any_number_of_jobs(tmp_path: Path) -> None:
    program = tmp_path / "slow"
    program.write_text('#!/bin/sh\necho "begin $1"\nsleep 0.3\necho "end $1"\n')
    program.chmod(0o755)
    command = ["make", "-j4", "--silent", "--old-file", ".venv/.ready", f"SLUSS={program}", "train", "deploy", "score"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.split("\n")[:-1] == [
        f"{word} {target}" for target in ("train", "deploy", "score") for word in ("begin", "end")
    ]


def test_a_moved_environment_is_corrected_and_one_in_its_place_is_not(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    setup = tmp_path / "scripts" / "dev" / "setup.sh"
    setup.parent.mkdir(parents=True)
    setup.write_text("#!/bin/sh\necho corrected\n(cd .venv && pwd -P) >.venv/.ready\n")
    setup.chmod(0o755)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".ready").write_text("/old/place/.venv\n")

    def printed() -> tuple[str, str]:
        command = ["make", "--silent", "SLUSS=@:", "history"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
        return done.stdout, done.stderr

    assert printed() == ("", "corrected\n"), "programs read what a command prints: make drill JSON=1"
    assert printed() == ("", "")
    (tmp_path / "link").symlink_to(tmp_path)
    assert subprocess.run(["make", "-s", "SLUSS=@:", "history"], cwd=tmp_path / "link", check=True).returncode == 0


def test_the_environment_of_a_folder_with_an_umlaut_starts_in_every_locale(tmp_path: Path) -> None:
    checkout = tmp_path / "Größe 1"
    (checkout / "scripts" / "dev").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "dev" / "setup.sh", checkout / "scripts" / "dev")
    (checkout / "sluss.py").write_text("found = 1\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", checkout / ".venv"], check=True)
    link = next((checkout / ".venv" / "lib").glob("python*/site-packages")) / "sluss.pth"
    link.write_text(str(checkout))  # as uv does
    source = "source scripts/dev/setup.sh && uv=true && install_checkout"
    subprocess.run(["bash", "-c", source], cwd=checkout, check=True)
    for locale in ({"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"LC_ALL": "xx_YY.UTF-8"}, {"LANG": "C"}):
        command = [checkout / ".venv" / "bin" / "python", "-c", "import sluss; print(sluss.found)"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", env=locale)
        assert (done.stdout, done.stderr) == ("1\n", ""), locale
