"""What a step's process does without, and that it is there again for whoever wants it."""

import json
import subprocess
import sys

import pytest

from tasks.shared.settings import ROOT

_OPTIONAL = ("IPython", "pytest", "mako.ext.pygmentplugin")


def in_a_new_process(code: str, *arguments: str) -> dict:
    """What the code prints as JSON; nothing was imported before it."""
    command = [sys.executable, "-W", "ignore", "-c", f"import json, sys\n{code}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def imported(tmp_path_factory) -> dict:
    """Everything that trains and logs, imported as a step imports it; then FastAPI, as a server would."""
    return in_a_new_process(
        """
from pathlib import Path
from tasks.shared.lean_imports import import_scipy, leave_out_optional, read_entry_points_once
from tasks.shared.settings import Settings
from tasks.hub.tracking import connect

import importlib.metadata
all_at_once, by_kind = [], []
read = importlib.metadata.entry_points
importlib.metadata.entry_points = lambda **wanted: (by_kind if wanted else all_at_once).append(1) or read(**wanted)
leave_out_optional()
read_entry_points_once()
import_scipy()
connect(Settings(home=Path(sys.argv[1]), data=None)).search_experiments()
import mlflow.sklearn, scipy.special, scipy.stats, skops.io
left_out = {name: sys.modules.get(name) is None for name in ("fastapi", *json.loads(sys.argv[2]))}
from fastapi import FastAPI, HTTPException
print(json.dumps({
    "left_out": left_out,
    "reads": [len(all_at_once), len(by_kind)],
    "plugins": [point.name for point in importlib.metadata.entry_points(group="console_scripts")],
    "docstrings": [scipy.special.expit.__doc__, scipy.stats.ks_2samp.__doc__],
    "a_status": HTTPException(404).status_code,
}))
""",
        str(tmp_path_factory.mktemp("home")),
        json.dumps(_OPTIONAL),
    )


@pytest.mark.parametrize("name", ["fastapi", *_OPTIONAL])
def test_a_step_does_without(imported, name):
    assert imported["left_out"][name]


def test_the_real_fastapi_is_there_afterwards(imported):
    assert imported["a_status"] == 404


def test_plug_ins_are_read_once_and_still_found(imported):
    assert imported["reads"] == [1, 0]
    assert {"mlflow", "airflow"} <= set(imported["plugins"])


def test_scipys_docstrings_are_those_in_its_source(imported):
    for text in imported["docstrings"]:
        assert "Returns" in text
        assert "Array API" not in text  # what scipy would add


def test_what_was_installed_is_not_searched_when_a_model_is_saved(tmp_path):
    found = in_a_new_process(
        """
import importlib_metadata
from tasks.shared.lean_imports import without_package_search
import mlflow.sklearn
from mlflow.utils import environment
from sklearn.dummy import DummyClassifier
searched = []
importlib_metadata.packages_distributions = lambda: searched.append(1) or {}
before = environment.warn_dependency_requirement_mismatches
model, wanted = DummyClassifier().fit([[0]], [1]), ["scikit-learn==0.1"]
with without_package_search():
    mlflow.sklearn.save_model(model, sys.argv[1], pip_requirements=wanted, serialization_format="skops")
restored = environment.warn_dependency_requirement_mismatches is before
before(wanted)
print(json.dumps({"searched": len(searched), "restored": restored}))
""",
        str(tmp_path / "model"),
    )
    assert found == {"searched": 1, "restored": True}  # once by the last line, which shows that it would be noticed
    assert "scikit-learn==0.1" in (tmp_path / "model" / "requirements.txt").read_text()
