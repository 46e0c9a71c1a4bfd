"""The notebooks run from top to bottom, and what a notebook registers is a candidate like any other."""

import shutil
import warnings

import nbformat
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from nbclient import NotebookClient

from tasks.hub import registry
from tasks.shared.settings import ROOT, Settings
from tasks.training.recorded import recorded

NOTEBOOKS = ROOT / "notebooks"


@pytest.fixture(scope="module")
def home(first_days, tmp_path_factory) -> Settings:
    """A copy of the first days, so that a notebook's versions are in nobody's way."""
    copy = shutil.copytree(first_days.home, tmp_path_factory.mktemp("notebooks") / "home")
    return Settings(home=copy, data=first_days.data)


def execute(name: str, home: Settings) -> str:
    """What the notebook says when it is run."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOKS)}})
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SLUSS_HOME", str(home.home))
        environment.setenv("OPENBLAS_NUM_THREADS", "1")
        client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "\n".join(each.get("text") or each["data"]["text/plain"] for each in outputs)


def test_a_notebook_hands_a_model_over_and_gates_and_deployment_take_it_from_there(home, sentiment):
    before = registry.newest(home, sentiment)
    said = execute("sentiment.ipynb", home)
    version = registry.newest(home, sentiment)
    assert int(version.version) == int(before.version) + 1
    known = recorded(home, sentiment, version)
    assert known.use_case.training.estimator.name == "sklearn.naive_bayes.ComplementNB"
    # What a model of the training pipeline's own carries, this one does too; only the champion may still be as good.
    gates = {name: said for name, said in known.tags.items() if name.startswith("sluss.gate.")}
    assert len(gates) == 8
    assert {name for name, verdict in gates.items() if not verdict.startswith("passed")} <= {"sluss.gate.quality"}
    promoted = gates["sluss.gate.quality"].startswith("passed")
    assert (registry.champion(home, sentiment).version == version.version) == promoted
    assert ("is the champion" in said) == promoted
    assert ("is refused, and the champion stays" in said) != promoted
