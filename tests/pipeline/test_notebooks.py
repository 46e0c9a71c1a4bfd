"""A version that a notebook registers is a candidate like any other."""

from __future__ import annotations

import pytest
from notebook_runner import execute, own_home

from sluss.context import Context
from sluss.gates.judge import _GATES
from sluss.registry import versions
from sluss.registry.champion import champion
from sluss.training.recorded_training import recorded

pytestmark = pytest.mark.long


def test_a_notebook_hands_a_model_over_and_gates_and_deployment_take_it_from_there(first_days, sentiment, tmp_path):
    home = own_home(first_days, sentiment, tmp_path)
    before = versions.newest(Context(home, sentiment))
    said = "\n".join(shown["text/plain"] for shown in execute("sentiment.ipynb", home))
    version = versions.newest(Context(home, sentiment))
    assert int(version.version) > int(before.version)
    known = recorded(Context(home, sentiment), version)
    assert known.use_case.training.estimator.name == "sklearn.naive_bayes.ComplementNB"
    # It has all artifacts and tags of a version from the training pipeline, but need not beat the champion.
    gates = {name: verdict for name, verdict in known.tags.items() if name.startswith("sluss.gate.")}
    names = {gate.__name__ for gate in _GATES}
    assert names <= {name.removeprefix("sluss.gate.") for name in gates}
    assert {name for name, verdict in gates.items() if not verdict.startswith("passed")} <= {"sluss.gate.quality"}
    promoted = gates["sluss.gate.quality"].startswith("passed")
    assert (champion(Context(home, sentiment)).version == str(version.version)) == promoted
    assert ("is the champion" in said) == promoted
    assert ("is refused, and the champion stays" in said) != promoted
