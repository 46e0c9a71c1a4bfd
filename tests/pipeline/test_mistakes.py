"""Mistakes of users in MLflow and at the command line: restored, or one sentence with a way out that leads out."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from mlflow.entities.model_registry import ModelVersion

from sluss.config.settings import ROOT, Settings
from sluss.context import Context
from sluss.deployment.deploy import Deployed
from sluss.deployment.repair import repair
from sluss.errors import ModelError
from sluss.registry import versions
from sluss.registry.names import DIGEST_TAG
from sluss.registry.runs import run_of
from sluss.tracking.client import connect, experiment_id
from tasks import deploy_model, train_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(copy_of_first_days, sentiment) -> Context:
    """The first days, with one version and nothing in production."""
    return Context(copy_of_first_days, sentiment)


def test_an_experiment_that_was_deleted_is_restored_with_its_runs(world, caplog):
    client, name = world.client, world.use_case.experiment
    number = client.get_experiment_by_name(name).experiment_id
    runs = len(client.search_runs([number]))
    client.delete_experiment(number)
    assert experiment_id(world.settings, client, name) == number
    assert f"The experiment {name} had been deleted in MLflow; it is restored with its runs." in caplog.text
    assert client.get_experiment(number).lifecycle_stage == "active"
    assert len(client.search_runs([number])) == runs > 0


def test_repair_restores_experiments_and_runs_that_were_deleted(world):
    client, use_case = world.client, world.use_case
    newest = versions.newest(world)
    client.delete_run(newest.run_id)
    client.delete_experiment(client.get_experiment_by_name(use_case.data_experiment).experiment_id)
    done = repair(world).done
    assert (
        f"The experiment {use_case.data_experiment} had been deleted in MLflow; it is restored with its runs." in done
    )
    assert f"The run of version {newest.version} had been deleted in MLflow; it is restored." in done
    assert repair(world).done == ()


def test_a_run_that_is_gone_for_good_is_a_sentence(world):
    version = versions.newest(world)
    found = versions.by_version(world, version.version)
    assert run_of(world, found).info.run_id == found.run_id
    for run_id in ("0" * 32, None):
        lost = ModelVersion(found.name, found.version, found.creation_timestamp, run_id=run_id)
        with pytest.raises(ModelError, match=r"MLflow has no run of .* any more, as after 'mlflow gc'"):
            run_of(world, lost)


@pytest.mark.nightly
def test_after_mlflow_gc_another_version_comes_into_production(first_days, sentiment, tmp_path):
    settings = Settings(home=tmp_path / "home", data=first_days.data)
    shutil.copytree(first_days.home, settings.home)
    context = Context(settings, sentiment)
    context.client.delete_run(versions.newest(context).run_id)
    store = ["--backend-store-uri", settings.mlflow_uri, "--tracking-uri", settings.mlflow_uri]
    subprocess.run([sys.executable, "-m", "mlflow", "gc", *store], check=True, capture_output=True, cwd=tmp_path)
    for word in ("report", "plots", "gates", "reproduce"):
        code, said = run(settings.home, word, **({} if word == "report" else {"VERSION": "1"}))
        assert (code, "make train" in said or "make score" in said) == (2, True), said
    made = train_model.run(context, sentiment.history.end, force=True).version
    assert deploy_model.run(Context(settings, sentiment)).version == made


def test_a_version_that_a_lesson_registered_is_deployed_only_by_its_number(world, caplog):
    trained = versions.newest(world)
    assert versions.newest_candidate(world).version == trained.version
    assert caplog.text == ""
    made = connect(world.settings).create_model_version(
        world.use_case.model, trained.source, trained.run_id, tags={DIGEST_TAG: trained.tags[DIGEST_TAG]}
    )
    assert versions.newest_candidate(world).version == trained.version
    sentence = f"version {made.version} is newer than version {trained.version}, and was not registered by the training"
    assert sentence in caplog.text
    assert f"make deploy USE_CASE={world.use_case.name} VERSION={made.version}" in caplog.text


def test_a_second_deployment_says_that_nothing_was_changed():
    first = Deployed("3", "2")
    assert str(first) == "version 3 is the champion (before: version 2)."
    assert str(replace(first, changed=False)) == "version 3 is the champion already; nothing was changed."


def run(home: Path, *words: str, **variables: str) -> tuple[int, str]:
    known = {
        "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "WHERE": "embedded", "HOME": str(home), "COLUMNS": "200",
        "SLUSS_HOME": str(home), "SLUSS_ENV_FILE": str(home / "none.env"),
    }  # fmt: skip
    command = [sys.executable, "-m", "commands", *words]
    done = subprocess.run(command, env=known | variables, capture_output=True, text=True, check=False, cwd=ROOT)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("data", ["/nowhere/data.tar.gz", "../x y.tar.gz", "/"])
def test_a_wrong_archive_ends_the_demo_before_it_begins(tmp_path, data):
    code, said = run(tmp_path, "demo", DATA=data)
    assert (code, "There is no data archive at" in said) == (2, True)
    assert not (tmp_path / "airflow").exists()


EMPTY = {
    "history": ({}, 0), "status": ({}, 1), "gates": ({}, 2), "deploy": ({}, 2), "rollback": ({}, 2), "repair": ({}, 0),
    "report": ({}, 2), "alerts": ({}, 0), "why": ({"ID": "movies-12"}, 2), "lineage": ({"ID": "movies-12"}, 2),
    "plots": ({}, 2), "reproduce": ({}, 2), "ui": ({}, 2),
}  # fmt: skip


@pytest.mark.nightly
@pytest.mark.parametrize("word", EMPTY)
def test_in_an_empty_home_every_command_names_a_next_one(tmp_path, word):
    variables, code = EMPTY[word]
    found, said = run(tmp_path, word, **variables)
    assert found == code, said
    if code:
        assert re.search(r"\bmake [a-z]+", said), said


@pytest.mark.nightly
def test_the_cures_of_an_empty_home_lead_to_a_report(tmp_path, archive):
    """Follow the first `make …` of each sentence, then try again what had failed, until a report is written."""
    waiting: list[tuple[str, dict[str, str]]] = [("report", {})]
    followed = []
    while waiting and len(followed) < 20:
        word, variables = waiting[-1]
        options = ["--load-history"] if word == "train" else []  # as make calls it
        code, said = run(tmp_path, word, *options, SLUSS_DATA=str(archive), **variables)
        followed.append(word)
        if code == 0:
            waiting.pop()
        else:
            waiting += reversed(cures_in(said))
    assert not waiting, f"A circle: {followed}"
    assert list((tmp_path / "report").glob("*.html"))


def cures_in(said: str) -> list[tuple[str, dict[str, str]]]:
    """The targets of the first `make …`, each with its variables."""
    found = re.search(r"make ([a-z]+(?: deploy)?)((?: [A-Z_]+=[\w-]+)*)", said)
    assert found, said
    variables = dict(pair.split("=", 1) for pair in found[2].split())
    return [(word, variables) for word in found[1].split()]
