"""The gate `leak`: columns and words that know the label, a holdout that is too good, and copies across the split."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from gate_world import GATES, answer, evidence_on
from hypothesis import given, settings, strategies

from sluss.context import Context
from sluss.deployment.deploy import Checked, _compared
from sluss.gates.checks.leak import rows_not_compared
from sluss.gates.telltale import Sample, telltale_columns
from sluss.profiling.one_column import predicts_alone, skill
from sluss.registry import ledger, versions
from sluss.registry.champion import in_ledger
from sluss.statistics.copies import copies_of_rows, copies_of_texts


@pytest.fixture
def gate(first_days, sentiment):
    """The gate's answer on the first version, if the lake or the version had other content."""

    def ask(change=None, *, known=None, flatter=None):
        use_case = sentiment
        if known:
            use_case = sentiment.model_copy(update={"gates": sentiment.gates.model_copy(update={"known_leaks": known})})
        context = Context(first_days, use_case)
        with evidence_on(context, versions.by_version(context, "1")) as evidence:
            read = evidence.read_rows
            if change:
                train, holdout = change(read.train.copy(), read.holdout.copy())
                evidence.__dict__["read_rows"] = dataclasses.replace(read, train=train, holdout=holdout)
            if flatter:
                evidence.__dict__["judged"] = evidence.judged.assign(score=flatter(evidence.judged))
            return GATES["leak"](evidence)

    return ask


def in_texts(write):
    def change(*frames):
        return [
            rows.assign(text=[write(text, label) for text, label in zip(rows["text"], rows["label"], strict=True)])
            for rows in frames
        ]

    return change


def in_the_middle(text, word):
    words = text.split()
    place = len(text) % (len(words) + 1)
    return " ".join([*words[:place], word, *words[place:]])


def test_a_sound_version_passes(first_days, sentiment):
    context = Context(first_days, sentiment)
    result = answer(context, "leak", versions.by_version(context, "1"))
    assert result.passed, result.sentence
    assert result.figures["copies"] < 0.01


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda text, label: f"{text} {label}", "by the last word of its texts"),
        (lambda text, label: f"{('bad', 'good')[label]}: {text}", "by the first word of its texts"),
        (lambda text, label: in_the_middle(text, ("ko", "ok")[label]), "holds the word “ko” in 5"),
        (lambda text, label: in_the_middle(text, "paid") if label and len(text) % 3 else text, "holds the word “paid”"),
        (lambda text, label: text.ljust(400) if label else text[:100], "by the length of its texts"),
    ],
)
def test_a_label_in_the_texts_is_refused_with_the_column(gate, write, said):
    result = gate(in_texts(write))
    assert not result.passed
    assert result.sentence.startswith("The column text ")
    assert said in result.sentence
    assert "gates.known_leaks.text." in result.sentence
    known = gate(in_texts(write), known={"text": "the raters write it"})
    assert known.passed
    assert "Known, by the config: text (the raters write it)." in known.sentence


def test_a_holdout_that_is_right_nearly_always_is_refused(gate):
    result = gate(flatter=lambda judged: judged["label"] * 0.9 + 0.05)
    assert "On its holdout 100.00% of its predictions are right" in result.sentence
    assert "Find the column that knows the label and remove it from the data, or" in result.sentence
    assert gate(flatter=lambda judged: judged["label"] * 0.9 + 0.05, known={"holdout": "simulated"}).passed


def test_every_culprit_is_named_at_once_and_only_columns_are_to_be_removed(gate):
    result = gate(in_texts(lambda text, label: f"{text} {label}"), flatter=lambda judged: judged["label"] * 0.9 + 0.05)
    assert "Remove text from the data, or" in result.sentence
    assert result.sentence.endswith("under gates.known_leaks.text and gates.known_leaks.holdout.")


def test_copies_of_the_training_rows_are_refused_with_their_share(gate):
    def copied(train, holdout):
        # Nearly: one word more, and new ids.
        holdout["text"] = [*(train["text"] + " indeed").iloc[:200], *holdout["text"].iloc[200:]]
        holdout["label"] = [*train["label"].iloc[:200], *holdout["label"].iloc[200:]]
        return train, holdout

    result = gate(copied)
    assert not result.passed
    assert (
        "of its holdout's rows have a nearly equal text among its training rows (10% may, and 0% is" in result.sentence
    )
    assert 0.4 < result.figures["copies"] < 0.6


@pytest.mark.usefixtures("first_days")
def test_far_fewer_errors_than_the_champion_are_refused(first_days, sentiment):
    context = Context(first_days, sentiment)
    with evidence_on(context, versions.by_version(context, "1")) as evidence:
        champion = evidence.version
        evidence.__dict__["champion"] = champion
        wrong = evidence.judged.index % 12 == 0
        flattered = np.where(wrong, 1 - evidence.judged["label"], evidence.judged["label"])
        evidence.__dict__["judged"] = evidence.judged.assign(score=flattered * 0.8 + 0.1)
        assert GATES["leak"](evidence).passed  # 8 % errors, the champion has 20 %
        better = evidence.judged["label"].where(evidence.judged.index % 40 > 0, 1 - evidence.judged["label"])
        evidence.__dict__["judged"] = evidence.judged.assign(score=better * 0.8 + 0.1)
        evidence.__dict__.pop("scores")
        result = GATES["leak"](evidence)
    assert "of the errors of the champion, version 1" in result.sentence


@contextmanager
def after_the_run_was_lost(context, *, newer):
    """The evidence on a version whose champion has learned its holdout but for some newer rows, and lost its run."""
    entry = ledger.read(context.lake)[-1]
    model = dataclasses.replace(entry.model, run_id="0" * 32)
    champion = in_ledger(context, [dataclasses.replace(entry, model=model)], entry.version)
    with evidence_on(context, versions.by_version(context, "1")) as evidence:
        read = evidence.read_rows
        holdout = pd.concat([read.train.tail(200), read.holdout.tail(newer)])
        evidence.__dict__["read_rows"] = dataclasses.replace(read, train=read.train.head(-200), holdout=holdout)
        evidence.__dict__["champion"] = champion
        yield evidence


def test_a_comparison_with_nothing_is_refused_with_a_cure_and_accepted_on_a_persons_word(first_days, sentiment):
    with after_the_run_was_lost(Context(first_days, sentiment), newer=12) as evidence:
        refused = GATES["leak"](evidence)
        assert rows_not_compared(evidence) == 12
        evidence.uncompared = True
        accepted = GATES["leak"](evidence)
    assert not refused.passed
    assert "Nothing was compared with the champion, version 1: its run or its rows are gone" in refused.sentence
    assert "only 12 rows came after its training, of 50 that are needed" in refused.sentence
    assert "make deploy USE_CASE=sentiment VERSION=1 REASON='the run of version 1 is gone'." in refused.sentence
    assert accepted.passed
    assert accepted.sentence.endswith("A person accepts that.")


def test_a_champion_whose_run_is_lost_is_compared_on_the_rows_that_are_new_for_certain(first_days, sentiment):
    with after_the_run_was_lost(Context(first_days, sentiment), newer=60) as evidence:
        evidence.__dict__["scores"] = np.full(260, 0.5)
        evidence.__dict__["judged"] = evidence.rows.holdout[["id", "label"]].assign(score=0.5)
        assert "Nothing was compared" not in GATES["leak"](evidence).sentence
        assert rows_not_compared(evidence) is None


def test_the_ledger_keeps_the_reason_of_a_deployment_without_that_comparison():
    checked = Checked("2", 1, "", unlearned="1")
    assert _compared("1", checked, "its run is lost").endswith(
        "since the run or the rows of version 1 are gone: its run is lost"
    )
    assert _compared("1", Checked("2", 1, ""), "a word") == ", including the comparison with version 1"


def table(**columns):
    rows = pd.DataFrame(columns)
    return rows.assign(
        id=[f"r{number}" for number in range(len(rows))], event_time=pd.Timestamp("2026-01-01", tz="UTC")
    )


def columns_of(rows, kinds, *, classes=True):
    half = len(rows) // 2
    return dict(telltale_columns(Sample(rows[:half], rows[half:], classes), kinds, {}))


def test_single_columns_that_know_the_label_are_named(numpy_seed):
    random = np.random.default_rng(numpy_seed)
    label = random.integers(0, 2, 2000)
    rows = table(
        label=label,
        noise=random.normal(size=2000),
        number=label * 3 + random.normal(size=2000) * 0.3,
        status=np.where(label, "cancelled", random.choice(["open", "new"], 2000)),
        paid_at=pd.Timestamp("2026-01-05", tz="UTC") + pd.to_timedelta(random.integers(0, 99, 2000), "h"),
    )
    rows["key"] = rows["id"]
    kinds = {"noise": "number", "number": "number", "status": "category", "paid_at": "time", "key": "category"}
    found = columns_of(rows, kinds)
    assert set(found) == {"number", "status", "paid_at", "key"}
    assert found["key"].startswith("is the id of the rows")
    assert found["paid_at"].startswith("is later than the event")


def test_times_that_hold_the_label_are_named():
    random = np.random.default_rng(4)
    label = random.integers(0, 2, 2000)
    rows = table(label=label)
    hours = pd.to_timedelta(np.arange(2000) // 100 * 24 + label * 12 + random.integers(0, 12, 2000), "h")
    rows["event_time"] += hours
    found = columns_of(rows, {"event_time": "time"})
    assert "by the time of the day nearly always" in found["event_time"]


@pytest.fixture(params=[1, 2, 3])
def numpy_seed(request):
    return request.param


def test_a_number_that_another_column_gives_away_is_named(numpy_seed):
    random = np.random.default_rng(numpy_seed)
    price = random.lognormal(3, 0.5, 2000)
    rows = table(label=price, net=price / 1.19, size=price**0.5 + random.normal(size=2000))
    assert set(columns_of(rows, {"net": "number", "size": "number"}, classes=False)) == {"net"}


@given(strategies.integers(0, 2**32), strategies.floats(0.02, 0.5))
@settings(max_examples=30, deadline=None)
def test_columns_of_chance_are_never_named(seed, share):
    random = np.random.default_rng(seed)
    rows = table(
        label=(random.uniform(size=600) < share).astype(int),
        number=random.normal(size=600),
        few=random.choice(list("abc"), 600),
        many=random.integers(0, 300, 600).astype(str),
    )
    assert not columns_of(rows, {"number": "number", "few": "category", "many": "category"})


def test_the_skill_is_a_bound_and_needs_rows():
    truth = np.array([0, 1] * 20)
    assert skill(np.zeros(40), truth) < 0.9
    assert skill(np.zeros(4000), np.tile(truth, 100)) > 0.99
    assert skill(np.ones(40), truth) < 0
    assert predicts_alone(([1, 2], [0, 0]), ([1], [1]), number=True, classes=True).skill == 0


def test_near_copies_are_found_and_short_texts_are_not_judged():
    known = ["the film was long and dull but the music saved it in the end", "good"]
    texts = [
        "The film was long and dull, but the music saved it in the end!",
        "another text about other things altogether",
    ]
    assert list(copies_of_texts([*texts, "good"], known)) == [0, -1, -2]
    rows = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", None]})
    assert list(copies_of_rows(rows, pd.DataFrame({"a": [2.0, 3.0], "b": [None, "x"]}))) == [-1, 0]
