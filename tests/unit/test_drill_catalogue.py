"""The fault catalogue: its names, its results, and the table that a person reads. Nothing is trained."""

from __future__ import annotations

import re
from collections import Counter
from types import SimpleNamespace

import pytest

from sluss.config.settings import ROOT
from sluss.drill.catalogue import MISTAKES
from sluss.drill.drill import chosen, make
from sluss.drill.mistake import KINDS, Mistake, NothingChangedError, Refusal, judged, left_out
from sluss.drill.needs import learned_steps
from sluss.errors import ConfigError
from sluss.use_cases import load_use_case
from tasks.run_drill import summary

LOCKS = {
    "data", "contract", "identity", "safety", "environment", "monitoring", "quality", "preprocessing", "speed",
    "training", "labels", "leak", "calibration", "age", "curation", "config", "ledger", "scoring", "rehearsal",
    "registry_mismatch", "data_drift", "quality_drop", "low_confidence", "smoke",
}  # fmt: skip
MISTAKE = Mistake("labels inverted", "labels", "labels", lambda _: ())


def test_every_mistake_has_a_name_of_its_own():
    assert [name for name, count in Counter(each.name for each in MISTAKES).items() if count > 1] == []


def test_the_catalogue_has_every_kind_and_enough_mistakes():
    made = [each for each in MISTAKES if not each.uncatchable]
    assert {each.kind for each in made} == set(KINDS)
    assert len(made) >= 120


def test_every_mistake_names_a_lock_that_exists_or_the_reason_why_there_is_none():
    assert {each.expected for each in MISTAKES if not each.uncatchable} <= LOCKS
    assert all(each.uncatchable.endswith(".") for each in MISTAKES if not each.expected)


def test_the_expected_lock_counts_if_it_is_among_those_that_refuse():
    result = judged(MISTAKE, [Refusal("quality", "worse"), Refusal("labels", "turned")])
    assert (result.refused_by, result.sentence, result.elsewhere, result.silent) == ("labels", "turned", False, False)


def test_else_the_first_lock_counts():
    result = judged(MISTAKE, [Refusal("quality", "worse"), Refusal("leak", "known")])
    assert (result.refused_by, result.refused, result.elsewhere) == ("quality", True, True)


def test_a_silent_lock_is_told_from_a_mistake_that_was_not_made():
    assert judged(MISTAKE, []).silent
    assert not left_out(MISTAKE, "does not apply", "No feature is a text.").silent


def test_the_report_has_the_fields_that_are_documented():
    assert list(judged(MISTAKE, []).as_dict()) == ["name", "kind", "expected", "refused_by", "refused", "sentence"]


def test_the_summary_names_silent_locks():
    results = [
        judged(MISTAKE, []),
        judged(MISTAKE, [Refusal("labels", "turned")]),
        judged(MISTAKE, [Refusal("leak", "known")]),
        left_out(MISTAKE, "uncatchable", "No record."),
    ]
    assert summary(results) == (
        "3 mistakes: 1 refused by the lock that is there for it, 1 by another, 1 not at all. Silent locks: labels."
    )


class _Stub:
    """A world of which nothing is needed but that it is restored."""

    def __init__(self):
        self.sound_locks, self.restored = {}, 0

    def restore(self):
        self.restored += 1


def test_a_mistake_that_cannot_be_made_is_told_and_does_not_end_the_drill():
    world = _Stub()
    result = make(world, Mistake("broken", "config", "config", lambda _: next(iter([]))))
    assert (result.silent, world.restored) == (True, 1)
    assert result.sentence.startswith("It could not be made here: StopIteration")


def test_a_mistake_that_leaves_the_data_as_they_are_does_not_apply():
    def inject(_):
        raise NothingChangedError("It leaves every label as it is.")

    result = make(_Stub(), Mistake("none", "labels", "labels", inject))
    assert (result.state, result.sentence, result.silent) == (
        "does not apply", "It leaves every label as it is.", False
    )  # fmt: skip


def test_kinds_and_names_choose_mistakes():
    assert {each.kind for each in chosen(["labels", "leaks"])} == {"labels", "leaks"}
    assert [each.name for each in chosen(names=["labels shuffled"])] == ["labels shuffled"]


@pytest.mark.parametrize(("kinds", "names"), [(["weather"], []), ([], ["no such mistake"])])
def test_an_unknown_kind_or_name_is_a_sentence(kinds, names):
    with pytest.raises(ConfigError, match="There is no"):
        chosen(kinds, names)


def test_an_unknown_mistake_leads_to_names_that_exist():
    with pytest.raises(ConfigError) as near:
        chosen(names=["labels shufled"])
    assert "labels shuffled" in str(near.value)
    with pytest.raises(ConfigError) as none:
        chosen(names=["qqqqqqqq"])
    assert [each.name for each in MISTAKES if each.name not in str(none.value)] == []


def test_the_page_lists_what_nothing_can_catch():
    page = re.sub(r"\s+", " ", (ROOT / "docs" / "drill.md").read_text(encoding="utf-8"))
    assert [each.name for each in MISTAKES if each.uncatchable and each.name not in page] == []


@pytest.mark.parametrize(("name", "reason"), [("sentiment", ""), ("recommendation", "No step before the estimator")])
def test_preprocessing_that_learns_nothing_cannot_learn_too_much(name, reason):
    world = SimpleNamespace(use_case=load_use_case(name, ROOT / "config"))
    assert learned_steps(world).startswith(reason)
    assert bool(learned_steps(world)) is bool(reason)
