"""Training a version again: the same model in another process, and a plain word for whatever differs."""

from __future__ import annotations

import re
import subprocess

import pytest

from commands import reproduce
from sluss.config.settings import ROOT
from sluss.context import Context
from sluss.errors import DataError, ModelError
from sluss.registry.champion import champion
from sluss.tracking.client import connect
from tasks import reproduce_model


@pytest.fixture
def version(first_days, sentiment):
    """The version that is in production."""
    return champion(Context(first_days, sentiment))


@pytest.fixture
def recorded(first_days, version):
    """Change the tags of the version's run, and restore them after the test."""
    client = connect(first_days)
    kept = dict(client.get_run(version.run_id).data.tags)

    def change(**tags: str) -> None:
        for name, value in tags.items():
            client.set_tag(version.run_id, f"sluss.{name.replace('_', '.')}", value)

    yield change
    for name, value in kept.items():
        client.set_tag(version.run_id, name, value)


def test_another_process_with_other_threads_makes_the_same_model(first_days, version, run_step):
    finished = run_step(
        "reproduce_model", "--version", str(version.version), SLUSS_HOME=first_days.home, OPENBLAS_NUM_THREADS="2"
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "Reproduced: the same rows gave the same model." in finished.stdout


def test_other_rows_are_named_as_the_cause_and_end_with_exit_code_1(first_days, version, recorded, run_step):
    recorded(data_digest="0" * 64)
    finished = run_step("reproduce_model", "--version", str(version.version), SLUSS_HOME=first_days.home)
    assert finished.returncode == 1, finished.stderr
    assert "Not reproduced." in finished.stdout
    assert "give different rows than those it was trained on" in " ".join(finished.stdout.split())


def test_code_packages_python_processor_and_config_are_named_when_the_model_differs(
    first_days, sentiment, version, recorded
):
    recorded(
        pipeline="0" * 64, code="0" * 64, commit="1" * 40, lock="0" * 64, python="3.10.1", blas="openblas 0.3.1 Z80"
    )
    changed = sentiment.model_copy(update={"training": sentiment.training.model_copy(update={"folds": 3})})
    result = reproduce_model.run(Context(first_days, changed), str(version.version))
    assert not result.same
    kinds = [sentence.partition(":")[0] for sentence in result.differences]
    assert kinds == ["Code", "Lock file", "Python", "Linear algebra", "Config", "Effect"]
    assert "with commit 111111111111" in result.differences[0]
    assert "folds" in result.differences[4]
    assert re.search(r"on the \d+ holdout rows in both, the scores differ by at most 0\.0e\+00", result.differences[5])


def test_a_fit_that_is_not_repeatable_is_told_from_everything_else(first_days, sentiment, version, recorded):
    recorded(pipeline="0" * 64)
    result = reproduce_model.run(Context(first_days, sentiment), str(version.version))
    assert [sentence.partition(":")[0] for sentence in result.differences] == ["The fit", "Effect"]


def test_rows_that_are_gone_say_which_tables_were_asked(first_days, sentiment, version, recorded):
    recorded(data_version="99")
    with pytest.raises(DataError, match=r"curated version 99 or .* cannot be read any more"):
        reproduce_model.run(Context(first_days, sentiment), str(version.version))


def test_a_run_that_does_not_say_what_it_made_is_refused(first_days, sentiment, version, recorded):
    recorded()
    connect(first_days).delete_tag(version.run_id, "sluss.pipeline")
    with pytest.raises(ModelError, match=r"does not say what it was trained from .* no tag sluss\.pipeline"):
        reproduce_model.run(Context(first_days, sentiment), str(version.version))


@pytest.fixture
def repository(tmp_path):
    """A repository with two commits, the first without the step."""
    folder = tmp_path / "repository"
    (folder / "tasks").mkdir(parents=True)

    def git(*words: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words]
        return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    commits = []
    for file in ("tasks/older.py", "tasks/reproduce_model.py"):
        (folder / file).write_text("then")
        git("add", ".")
        git("commit", "--quiet", "--message", file)
        commits.append(git("rev-parse", "HEAD"))
    (folder / "tasks" / "reproduce_model.py").write_text("now")
    return folder, commits


def test_the_recorded_commit_is_taken_and_the_tree_left_as_it_is(repository, tmp_path):
    folder, [_, commit] = repository
    code = reproduce.checked_out(folder, commit, "another", tmp_path / "code", use_case="sentiment")
    assert (code / "tasks" / "reproduce_model.py").read_text() == "then"
    assert (folder / "tasks" / "reproduce_model.py").read_text() == "now"


@pytest.mark.parametrize("recorded_commit", ["here", "unknown", "abc-dirty"])
def test_code_of_the_present_or_an_unknown_commit_is_used_as_it_is(repository, tmp_path, recorded_commit):
    assert (
        reproduce.checked_out(repository[0], recorded_commit, "here", tmp_path / "code", use_case="sentiment")
        == repository[0]
    )


def test_a_commit_that_is_missing_or_too_old_is_named(repository, tmp_path):
    folder, [old, _] = repository
    with pytest.raises(ModelError, match="commit 000000000000, is not in this repository"):
        reproduce.checked_out(folder, "0" * 40, "here", tmp_path / "missing", use_case="sentiment")
    with pytest.raises(ModelError, match=f"commit {old[:12]} is older than"):
        reproduce.checked_out(folder, old, "here", tmp_path / "old", use_case="sentiment")


def test_a_python_that_is_not_here_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"trained with Python 3\.2\.1, and Python 3\.2 is not installed here"):
        reproduce.fresh_environment(ROOT, "3.2.1", tmp_path / "environment")
