"""What a step's process does without, and that it is there again for whoever wants it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sluss.config.settings import ROOT

_OPTIONAL = ("IPython", "pytest", "mako.ext.pygmentplugin")


STEP = """
import importlib.metadata, json, sys
import importlib_metadata
from pathlib import Path
from sluss.tracking.client import connect
from sluss.compat import import_scipy, leave_out_optional, read_entry_points_once, without_package_search
from sluss.config.settings import Settings

home, optional = Path(sys.argv[1]), json.loads(sys.argv[2])
all_at_once, by_kind, searched = [], [], []
read = importlib.metadata.entry_points
importlib.metadata.entry_points = lambda **wanted: (by_kind if wanted else all_at_once).append(1) or read(**wanted)
importlib_metadata.packages_distributions = lambda: searched.append(1) or {}
leave_out_optional()
read_entry_points_once()
import_scipy()
connect(Settings(home=home, data=None)).search_experiments()

import mlflow.sklearn, scipy.special, scipy.stats, skops.io
from mlflow.utils import environment
from sklearn.dummy import DummyClassifier
model, wanted = DummyClassifier().fit([[0]], [1]), ["scikit-learn==0.1"]
compare = environment.warn_dependency_requirement_mismatches
with without_package_search():
    mlflow.sklearn.save_model(model, home / "model", pip_requirements=wanted, serialization_format="skops")
searched_to_save = len(searched)
compare(wanted)
left_out = {name: sys.modules.get(name) is None for name in ("fastapi", *optional)}

from fastapi import FastAPI, HTTPException
print(json.dumps({
    "left_out": left_out,
    "reads": [len(all_at_once), len(by_kind)],
    "plugins": [point.name for point in importlib.metadata.entry_points(group="console_scripts")],
    "docstrings": [scipy.special.expit.__doc__, scipy.stats.ks_2samp.__doc__],
    "a_status": HTTPException(404).status_code,
    "searched": [searched_to_save, len(searched)],
    "compares_again": environment.warn_dependency_requirement_mismatches is compare,
    "requirements": (home / "model" / "requirements.txt").read_text(),
}))
"""


@pytest.fixture(scope="module")
def step(new_home) -> dict:
    """A process that imports what a training does, as a step would, and saves a model; then FastAPI, as a server."""
    home = new_home("home")
    command = [sys.executable, "-W", "ignore", "-c", STEP, str(home), json.dumps(_OPTIONAL)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", ["fastapi", *_OPTIONAL])
def test_a_step_does_without(step, name):
    assert step["left_out"][name]


def test_the_real_fastapi_is_there_afterwards(step):
    assert step["a_status"] == 404


def test_plug_ins_are_read_once_and_still_found(step):
    assert step["reads"] == [1, 0]
    assert {"mlflow", "airflow"} <= set(step["plugins"])


def test_scipys_docstrings_are_those_in_its_source(step):
    for text in step["docstrings"]:
        assert "Returns" in text
        assert "Array API" not in text  # what scipy would add


def test_what_is_installed_is_not_searched_when_a_model_is_saved(step):
    assert step["searched"] == [0, 1]  # once afterwards, which shows that it would be noticed
    assert step["compares_again"]
    assert "scikit-learn==0.1" in step["requirements"]
