"""`make`, `sluss` and the steps' own files: the same options, the same sentences, and no text that a shell reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from commands.catalogue import ENTRIES, STEPS
from commands.main import sluss
from commands.placed import PlacedCommand, arguments
from sluss.config.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

STEP_FILES = sorted(path.stem for path in (ROOT / "tasks").glob("[!_]*.py"))
HARMFUL = [
    "$(touch x)",
    "$(shell touch x)",
    "`touch x`; touch x",
    "a\"b'c",
    "a b",
    "two\nlines # not a comment",
    "$HOME",
]


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "WHERE": "embedded", "COLUMNS": "200", **variables}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=known)


def sluss_(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "commands", *words, **variables)


@pytest.fixture
def make(tmp_path: Path):
    """Run make with a program in place of `sluss` that shows the words and the variables it gets."""
    program = tmp_path / "sluss"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps([sys.argv[1:], dict(os.environ)]))\n"
    )
    program.chmod(0o755)

    def given(*words: str, **variables: str) -> tuple[list[str], dict[str, str]]:
        done = run("make", "--silent", "--old-file", ".venv/.ready", f"SLUSS={program}", *words, **variables)
        assert done.returncode == 0, done.stderr
        found: tuple[list[str], dict[str, str]] = json.loads(done.stdout)
        return found

    return given


@pytest.mark.parametrize("text", HARMFUL)
@pytest.mark.parametrize("name", ["USE_CASE", "ID", "REASON", "FROM", "NAME"])
def test_make_passes_every_text_on_as_it_was_typed(make, name: str, text: str) -> None:
    words, variables = make("history", f"{name}={text}")
    assert words == ["history"]
    assert variables[name] == text
    assert make("history", **{name: text})[1][name] == text
    assert not (ROOT / "x").exists()


def test_a_text_for_the_stacks_own_commands_reaches_no_shell_either(tmp_path: Path) -> None:
    variables = {"SLUSS_ENV_FILE": str(tmp_path / ".env"), "COMPOSE_PROJECT_NAME": "sluss-unit"}
    done = run("make", "--silent", "backfill", "USE_CASE=$(touch x)", "FROM=`touch x`", "TO=;touch x", **variables)
    assert done.returncode == 2
    assert not (ROOT / "x").exists()


@pytest.mark.parametrize("text", HARMFUL)
def test_a_use_case_of_any_characters_is_one_sentence(text: str, tmp_path: Path) -> None:
    done = sluss_("history", USE_CASE=text, SLUSS_HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "does not exist in" in done.stderr
    assert not (ROOT / "x").exists()


@pytest.mark.parametrize("version", ["abc", "0", "-1", "1.5", "2 3", "99999999999999999999", "'; drop"])
@pytest.mark.parametrize("command", ["plots", "gates", "deploy", "rollback", "lineage", "retrain"])
def test_a_version_that_is_not_a_number_is_one_sentence(command: str, version: str) -> None:
    done = sluss_(command, VERSION=version)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{version!r} is not the number of a version. Give a number such as 2, or none.\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["score"], "Name the interval to score: make score INTERVAL=2026-01-05\n"),
        (["why"], "Name the row by its id, as the table predictions has it: make why ID=…\n"),
        (["train", "--forse"], "No such option '--forse'. Did you mean '--force'? See 'sluss train --help'.\n"),
        (["trian"], "No such command 'trian'. See 'sluss --help'.\n"),
    ],
)
def test_a_wrong_word_is_one_sentence_and_exit_code_2(words: list[str], sentence: str) -> None:
    done = sluss_(*words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)


def test_every_step_has_a_subcommand_and_every_subcommand_a_line_and_a_help() -> None:
    assert {step for entry in ENTRIES.values() for step in entry.steps} == {*STEP_FILES} - {
        "make_report",
        "show_status",
    }
    shown = sluss_("--help").stdout
    for name, entry in ENTRIES.items():
        command = entry.load()
        assert command.name == name or entry.target
        assert command.help
        assert f"  {name} " in shown


@pytest.mark.parametrize("name", STEP_FILES)
def test_a_steps_own_file_has_the_options_of_its_subcommand(name: str) -> None:
    done = run(sys.executable, str(ROOT / "tasks" / f"{name}.py"), "--help")
    assert done.returncode == 0, done.stderr
    for entry in ENTRIES.values():
        if entry.steps == (name,):
            of_step = {param.opts[0] for param in PlacedCommand(name, "", entry.steps, "").params} - {"--where"}
            assert all(option in done.stdout for option in of_step)


@pytest.mark.parametrize("entry", [each for each in STEPS if each.steps], ids=lambda each: each.name)
def test_options_survive_the_way_into_the_stack(entry) -> None:
    for step in PlacedCommand(entry.name, "", entry.steps, "").steps.values():
        flags = [param for param in step.params if isinstance(param, click.Option) and param.is_flag]
        given = {param.name: True if param in flags else "2" for param in step.params}
        with step.make_context(entry.name, arguments(step, given)) as context:
            found = {name: str(value) for name, value in context.params.items()}
        assert found == {name: str(value) for name, value in given.items()}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_can_complete_subcommands_options_and_use_cases(shell: str) -> None:
    assert "_SLUSS_COMPLETE" in sluss_(_SLUSS_COMPLETE=f"{shell}_source").stdout
    complete = f"{shell}_complete"

    def completions(*words: str) -> str:
        line = {
            "COMP_WORDS": " ".join(["sluss", *words]),
            "COMP_CWORD": words[-1] if shell == "fish" else str(len(words)),
        }
        return sluss_(_SLUSS_COMPLETE=complete, **line).stdout

    assert "rollback" in completions("roll")
    assert "--reason" in completions("rollback", "--rea")
    assert "sentiment" in completions("rollback", "--use-case", "sen")


def test_to_list_or_complete_the_subcommands_imports_no_step() -> None:
    code = "import sys; from commands.main import sluss; from click.shell_completion import BashComplete as Complete; "
    code += "Complete(sluss, {}, 'sluss', '_SLUSS_COMPLETE').get_completions([], ''); "
    code += "print([name for name in sys.modules if name.startswith('tasks')])"
    assert run(sys.executable, "-c", code).stdout == "[]\n"


def test_the_group_alone_shows_its_list() -> None:
    done = sluss_()
    assert done.returncode == 0
    assert "rollback" in done.stdout
    assert sluss.name == "sluss"
