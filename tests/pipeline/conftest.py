"""A use case in its first days: history curated, a model trained and deployed, two days brought in."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings

import pytest

from sluss.context import Context

# MLflow warns about its own type hints when it is imported; here warnings are errors, so it is imported beforehand.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import mlflow.pyfunc.model
    import mlflow.sklearn  # noqa: F401

from typing import TYPE_CHECKING

from monitor_world import make_home

from sluss.config.settings import ROOT, Settings
from sluss.interval import parse_interval
from sluss.registry import aliases, anchor, versions
from sluss.storage.lake import Lake
from sluss.tracking.client import connect
from tasks import curate_data, deploy_model, generate_data, train_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def first_days(new_home, archive, sentiment) -> Settings:
    """Settings of an embedded home; tests may add versions to its registry, and put the champion back."""
    settings = Settings(home=new_home("first_days"), data=archive)
    spans = [sentiment.history, *(parse_interval(day, sentiment.unit) for day in ("2026-01-01", "2026-01-02"))]
    for span in spans:
        generate_data.run(Context(settings, sentiment), span)
        curate_data.run(Context(settings, sentiment), span)
    train_model.run(Context(settings, sentiment), sentiment.history.end)
    deploy_model.run(Context(settings, sentiment))
    return settings


@pytest.fixture
def copy_of_first_days(first_days, sentiment, tmp_path) -> Settings:
    """A copy of `first_days` for one test, with an empty ledger and artifacts of its own."""
    settings = Settings(home=tmp_path / "home", data=first_days.data)
    shutil.copytree(first_days.home, settings.home, ignore=shutil.ignore_patterns("ledger"))
    shutil.rmtree(settings.home / "models", ignore_errors=True)
    client, lake = connect(settings), Lake(settings, sentiment.name)
    client.set_experiment_tag(client.get_experiment_by_name(sentiment.experiment).experiment_id, anchor.TAG, "0 ")
    for alias in aliases.of(Context(settings, sentiment)):
        aliases.point(Context(settings, sentiment), alias, None)
    client.set_tag(
        versions.by_version(Context(settings, sentiment), "1").run_id, "sluss.data.table", lake.uri("curated")
    )
    return settings


@pytest.fixture(scope="session")
def template(new_home, sentiment) -> Path:
    """A home with one registered version of which nothing is monitored yet, to be copied for each test."""
    home = new_home("template")
    make_home(home, sentiment)
    return home


@pytest.fixture
def run_step():
    """Run a step as a person would: a process, its arguments, its environment."""

    def run(step: str, *arguments: str, **environment: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, ROOT / "tasks" / f"{step}.py", *arguments]
        variables = {"PATH": "/usr/bin:/bin", "COLUMNS": "200", "PYTHONPATH": str(ROOT)} | {
            key: str(value) for key, value in environment.items()
        }
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=120)

    return run
