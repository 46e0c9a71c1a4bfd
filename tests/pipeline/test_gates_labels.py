"""The gate `labels`: rows keep their labels and features, and new labels do not point the other way."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from gate_world import GATES, answer, evidence_on, fitted, registered, rows_until
from hypothesis import given, strategies

from sluss.context import Context
from sluss.statistics.known_values import agreement, changed, share_shift, turned_classes


@pytest.fixture(scope="module")
def until(sentiment):
    return sentiment.history.end + timedelta(days=2)


@pytest.fixture(scope="module")
def version(first_days, sentiment, until):
    """A sound version, trained two days after the champion of the first days."""
    context = Context(first_days, sentiment)
    rows = rows_until(context, until)
    return registered(context, fitted(sentiment, rows.train), rows, until)


def with_rows(context, version, change):
    """The gate's answer if the lake had given other rows."""
    with evidence_on(context, version) as evidence:
        read = evidence.read_rows
        evidence.__dict__["read_rows"] = dataclasses.replace(
            read, train=change(read.train.copy()), holdout=change(read.holdout.copy())
        )
        return GATES["labels"](evidence)


@pytest.fixture
def gate(first_days, sentiment, version):
    def ask(change):
        return with_rows(Context(first_days, sentiment), version, change)

    return ask


def test_a_sound_version_passes_with_the_rows_that_were_compared(first_days, sentiment, version):
    result = answer(Context(first_days, sentiment), "labels", version)
    assert result.passed, result.sentence
    assert result.sentence.startswith("Of 8,469 rows that the champion, version 1, knew, 0.00% have another label")


def inverted(rows):
    return rows.assign(label=1 - rows["label"])


def shifted(rows):
    return rows.assign(label=rows["label"].shift(1, fill_value=0))


def shuffled(rows):
    return rows.assign(label=np.random.default_rng(1).permutation(rows["label"]))


def swapped_in_part(rows):
    return rows.assign(label=rows["label"].where(np.arange(len(rows)) % 20 > 0, 1 - rows["label"]))


@pytest.mark.parametrize("change", [inverted, shifted, shuffled, swapped_in_part])
def test_labels_that_turned_are_refused_with_their_share(gate, change):
    result = gate(change)
    assert not result.passed
    share = result.figures["turned_share"]
    assert f"Of 8,469 rows whose label was known before, {share:.1%} have another one now (2% may)" in result.sentence
    assert share == pytest.approx({inverted: 1, shifted: 0.5, shuffled: 0.5, swapped_in_part: 0.05}[change], abs=0.03)


def rare(rows):
    """Fewer than one row in a hundred is positive, as the gate's limit for all rows allows to turn."""
    return rows[(rows["label"] == 0) | (np.arange(len(rows)) % 100 == 0)].reset_index(drop=True)


@pytest.fixture
def gate_of_a_rare_class(first_days, sentiment, version):
    def ask(change):
        with evidence_on(Context(first_days, sentiment), version) as evidence:
            for name, turn in (("champion_rows", lambda rows: rows), ("read_rows", change)):
                read = getattr(evidence, name)
                evidence.__dict__[name] = dataclasses.replace(
                    read, train=turn(rare(read.train)), holdout=turn(rare(read.holdout))
                )
            return GATES["labels"](evidence)

    return ask


def test_a_rare_class_that_turned_whole_is_refused_with_the_class(gate_of_a_rare_class):
    result = gate_of_a_rare_class(lambda rows: rows.assign(label=0))
    assert not result.passed
    assert result.figures["turned_share"] < 0.02
    assert (
        "whose label positive was known before, 100.0% have another one now (2% of each class may)" in result.sentence
    )


def test_rows_that_were_turned_into_a_rare_class_are_refused_with_the_class(gate_of_a_rare_class):
    result = gate_of_a_rare_class(lambda rows: rows.assign(label=rows["label"].where(rows.index % 100 > 0, 1)))
    assert not result.passed
    assert result.figures["turned_share"] < 0.02
    assert "with the label positive, " in result.sentence
    assert "had another one before (25% of each class may)" in result.sentence


def test_a_few_corrected_labels_of_a_rare_class_pass_with_their_share(gate_of_a_rare_class):
    def corrected(rows):
        positive = rows.index[rows["label"] == 1][:1]
        return rows.assign(label=rows["label"].where(~rows.index.isin(positive), 0))

    result = gate_of_a_rare_class(corrected)
    assert result.passed, result.sentence
    assert f"({result.figures['turned_class_share']:.2%} of the class with the most)" in result.sentence
    assert result.figures["turned_class_share"] > 0.02


@pytest.mark.parametrize(("rows", "fewest"), [(3, 4), (6, 5), (100, 9), (1000, 37)])
def test_a_class_needs_enough_turned_rows_to_be_beyond_the_limit(rows, fewest):
    classes = pd.Series([0] * 10_000 + [1] * rows)
    for events in range(rows + 1):
        turned = np.isin(np.arange(len(classes)), np.arange(10_000, 10_000 + events))
        assert turned_classes(classes, turned, 0.02)[1] == (events, rows, events >= fewest), events


def test_one_days_turned_labels_are_refused_with_the_day(gate):
    def turned(rows):
        day = rows["event_time"].dt.strftime("%Y-%m-%d") == "2025-12-20"
        return rows.assign(label=rows["label"].where(~(day & (np.arange(len(rows)) % 2 == 0)), 1 - rows["label"]))

    result = gate(turned)
    assert result.figures["turned_share"] < 0.02
    assert "rows of 2025-12-20 whose label was known before, " in result.sentence


def test_new_labels_that_point_the_other_way_are_refused_although_the_old_ones_stay(gate, sentiment):
    def turned(rows):
        new = rows["event_time"] >= sentiment.history.end
        return rows.assign(label=rows["label"].where(~new, 1 - rows["label"]))

    result = gate(turned)
    assert result.figures["turned_share"] < 0.02
    assert "The new labels of 2026-01-01 contradict the champion's predictions by " in result.sentence


def test_labels_that_one_class_has_lost_are_refused_with_the_class(gate):
    result = gate(lambda rows: rows[(rows["label"] == 0) | (np.arange(len(rows)) % 5 == 0)].reset_index(drop=True))
    assert not result.passed
    assert "rows whose label positive was known before, 79% have no label any more, and 0% of" in result.sentence


def test_ids_that_stand_for_other_rows_are_refused_with_their_share(gate):
    result = gate(lambda rows: rows.assign(text=np.random.default_rng(1).permutation(rows["text"])))
    assert not result.passed
    assert "ids that were known before, 100.0% have other features now (10% may)" in result.sentence


def test_a_class_that_hardly_occurs_any_more_is_refused_by_name(first_days, sentiment, version):
    with evidence_on(Context(first_days, sentiment), version) as evidence:
        champions = evidence.champion_rows
        known = {*champions.train["id"], *champions.holdout["id"]}

        def mostly_positive(rows):
            new = ~rows["id"].isin(known) & (np.arange(len(rows)) % 20 > 0)
            return rows.assign(label=rows["label"].where(~new, 1))

        read = evidence.read_rows
        changed_rows = [mostly_positive(each) for each in (read.train, read.holdout)]
        evidence.__dict__["read_rows"] = dataclasses.replace(read, train=changed_rows[0], holdout=changed_rows[1])
        result = GATES["labels"](evidence)
    assert "newest labels" in result.sentence
    assert "% are negative; over 29 intervals before it were " in result.sentence


def test_without_a_champion_an_inverted_history_is_found_by_the_first_load(first_days, sentiment, version):
    context = Context(first_days, sentiment)
    with evidence_on(context, version) as evidence:
        evidence.__dict__["champion"] = None
        assert GATES["labels"](evidence).passed
        read = evidence.read_rows
        evidence.__dict__["read_rows"] = dataclasses.replace(read, train=inverted(read.train))
        assert "100.0% have another one now" in GATES["labels"](evidence).sentence
    with evidence_on(context, version) as evidence:
        evidence.__dict__ |= {"champion": None, "first_labels": None}
        sentence = GATES["labels"](evidence).sentence
    assert sentence.startswith("No row was labelled before, so a mistake in all labels alike cannot be seen.")


@given(strategies.integers(0, 2**32), strategies.floats(0.05, 0.95), strategies.integers(2, 4))
def test_shuffled_labels_neither_agree_nor_contradict(seed, share, classes):
    random = np.random.default_rng(seed)
    scores = random.uniform(size=(300, classes))
    labels = np.eye(classes)[(random.uniform(size=300) < share).astype(int)]
    assert abs(agreement(scores, labels)) < 6
    assert agreement(scores, scores) > 6
    assert agreement(scores, -scores) == pytest.approx(-agreement(scores, scores))


def test_missing_values_and_rounding_are_not_changes():
    before = pd.Series([1.0, None, 3.0, 4.0, 5.0])
    assert list(changed(before, pd.Series([1.0 + 1e-12, None, 3.1, None, 5.2]))) == [False, False, True, True, True]
    assert list(changed(before, pd.Series([1.0, None, 3.1, 4.0, 5.2]), 0.15)) == [False, False, False, False, True]
    assert list(changed(pd.Series(["a", None]), pd.Series(["b", None]))) == [True, False]


def test_the_shift_of_a_share_grows_with_the_odds_and_not_with_the_rows():
    shares, counts = np.full(20, 0.2), np.full(20, 500.0)
    assert share_shift(shares, counts, (0.2, 500.0))[0] == pytest.approx(1, abs=0.02)
    factor, deviations = share_shift(shares, counts, (0.8, 500.0))
    assert factor == pytest.approx(16, rel=0.03)
    assert deviations > 20
    assert share_shift(shares, counts, (0.8, 5.0))[1] < 5
