"""The status of a use case whose first version was refused: nothing is live, and the reason is one command away."""

from __future__ import annotations

import pytest

from sluss.control_room.registered import Registered
from sluss.control_room.registry_status import with_need, with_registered
from sluss.control_room.status import Status
from sluss.lineage.version_record import Provenance


def refused(*gates):
    verdicts = dict.fromkeys(gates, "refused: too bad") | {"speed": "passed: fast"}
    return Registered((Provenance("1", "run", None, {}, {}, verdicts),))


@pytest.mark.parametrize(
    ("gates", "named"), [(("quality",), "the gate quality"), (("leak", "quality"), "the gates leak, quality")]
)
def test_a_refused_first_version_is_named_with_its_gates_and_the_command(sentiment, gates, named):
    before = Status("sentiment", "Sentiment", "idle", ("Nothing yet.",), "make train deploy USE_CASE=sentiment")
    found = with_registered(before, sentiment, (), refused(*gates))
    assert found.level == "attention"
    assert found.waiting[0] == f"No version is in production: version 1 is refused by {named}."
    assert found.next == "make gates VERSION=1 USE_CASE=sentiment"


def test_the_more_serious_sentence_comes_first():
    before = Status("x", "X", "critical", ("It burns.",), "make history USE_CASE=x")
    assert with_need(before, "It smokes.", "make ps", "attention").waiting == ("It burns.", "It smokes.")
    assert with_need(before, "It smokes.", "make ps", "attention").next == "make history USE_CASE=x"
    assert with_need(before, "It floods.", "make ps", "critical").next == "make ps"
