"""Drift as the monitor measures it, from frames of rows: stable data, changes, further changes and recoveries."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from sluss.config.curation import Column
from sluss.monitoring.conditions import data_drift
from sluss.monitoring.drift import Before, measure_drift
from sluss.monitoring.profile import build_profile, read_profile
from sluss.monitoring.seasons import phase_of

COLUMNS = ("price", "size", "age", "colour", "text")
FIRST = pd.Timestamp("2026-01-05", tz="UTC")  # a Monday


@pytest.fixture(scope="module")
def use_case(sentiment):
    columns = {
        **{name: Column(kind="number", nullable=True) for name in COLUMNS[:3]},
        "colour": Column(kind="category"),
        "text": Column(kind="text"),
    }
    curation = sentiment.curation.model_copy(update={"columns": sentiment.curation.columns | columns})
    monitoring = sentiment.monitoring.model_copy(update={"drift_distance": 0.05})
    return sentiment.model_copy(update={"curation": curation, "features": COLUMNS, "monitoring": monitoring})


def day(number, rows=300, clump=1, weekly=0.0, **shift):
    """One day's rows: a weekly pattern in price, clumps of equal rows, and columns shifted by so many sigma."""
    random, drawn = np.random.default_rng([number, rows, len(shift)]), -(-rows // clump)
    pattern = weekly * np.sin(2 * np.pi * number / 7)
    frame = pd.DataFrame({name: random.normal(shift.get(name, 0.0), 1, drawn) for name in COLUMNS[:3]})
    frame["price"] += pattern
    frame["colour"] = random.choice(["red", "blue", "green"], drawn, p=shift.get("colour", [0.5, 0.3, 0.2]))
    words = random.integers(0, 300, (drawn, 6)) + 300 * (random.random((drawn, 6)) < shift.get("words", 0.0))
    frame["text"] = [" ".join(f"word{word}" for word in row) for row in words]
    frame = pd.concat([frame] * clump).head(rows)
    frame["event_time"] = (FIRST + pd.Timedelta(days=number)) + pd.to_timedelta(np.arange(rows), unit="s")
    return frame.assign(id=[f"{number}-{row}" for row in range(rows)]).reset_index(drop=True)


def scores(number, rows):
    return np.random.default_rng([7, number]).beta(2, 2, rows)


def profile_of(use_case, days=28, **pattern):
    train = pd.concat([day(number, **pattern) for number in range(days)], ignore_index=True)
    held = pd.concat([day(number, **pattern) for number in range(days, days + 3)], ignore_index=True)
    given = np.concatenate([scores(number, len(held) // 3) for number in range(days, days + 3)])
    labels = np.random.default_rng(1).integers(0, 2, len(held))
    return read_profile(json.loads(json.dumps(build_profile(use_case, train, held, given, labels))))


def followed(use_case, profile, frames, start=31):
    """The conditions of some days, one after the other."""
    before, found = Before(), []
    for number, frame in enumerate(frames, start):
        phase = phase_of(profile.past.get("season", "none"), FIRST + pd.Timedelta(days=number))
        before = Before(before.watch, before.active, phase)
        measured = measure_drift(use_case, profile, frame, scores(number, len(frame)), before)
        condition = data_drift(
            measured.drifts,
            len(frame),
            use_case.monitoring,
            use_case.chance("data_drift"),
            changed_again=measured.changed_again,
        )
        found.append(condition)
        before = Before(
            measured.watch, condition.verdict == "breached" or (before.active and condition.verdict != "clear")
        )
    return found


@pytest.mark.parametrize("pattern", [{}, {"weekly": 0.5}, {"clump": 5}, {"clump": 5, "weekly": 0.5}])
def test_stable_data_raise_nothing_in_forty_days(use_case, pattern):
    profile = profile_of(use_case, **pattern)
    found = followed(use_case, profile, [day(number, **pattern) for number in range(31, 71)])
    assert [each.verdict for each in found].count("breached") == 0


@pytest.mark.parametrize(
    "shift", [{"size": 0.5}, {"colour": [0.3, 0.3, 0.4]}, {"words": 0.3}], ids=["number", "category", "text"]
)
def test_a_change_is_found_in_its_first_days_whatever_column_it_is_in(use_case, shift):
    profile = profile_of(use_case)
    found = followed(use_case, profile, [day(number, **shift) for number in range(31, 34)])
    assert "breached" in [each.verdict for each in found[:2]]


def test_another_change_is_told_from_the_first_and_a_recovery_is_seen_at_once(use_case):
    profile = profile_of(use_case)
    frames = [
        *(day(number) for number in range(31, 34)),
        *(day(number, size=1.0) for number in range(34, 38)),
        *(day(number, size=1.0, price=1.5) for number in range(38, 42)),
        *(day(number) for number in range(42, 45)),
    ]
    found = followed(use_case, profile, frames)
    assert [each.verdict for each in found] == ["clear"] * 3 + ["breached"] * 8 + ["clear"] * 3
    assert [number for number, each in enumerate(found) if each.anew] == [7, 11]
    assert "The data changed again" in found[7].message


def test_a_change_that_lasts_is_no_further_change_in_batches_of_another_size(use_case):
    profile = profile_of(use_case)
    sizes = [300, 300, 60, 300, 100, 2000, 60, 300]
    found = followed(use_case, profile, [day(number, rows=rows, size=1.5) for number, rows in enumerate(sizes, 31)])
    assert [each.verdict for each in found] == ["breached"] * len(sizes)
    assert not any(each.anew for each in found)


@pytest.mark.parametrize("before", [0.0, 0.02])
def test_a_share_that_was_nought_and_varies_after_its_change_changes_once(use_case, before):
    rules = use_case.monitoring.model_copy(update={"min_rows": 8, "drift_distance": 0.2})
    few = use_case.model_copy(update={"monitoring": rules, "features": ("price", "size")})

    def shared(first, end, share):
        random = np.random.default_rng([first, int(100 * share)])
        frames = [day(number, rows=8 + 5 * (number % 3)) for number in range(first, end)]
        return [frame.assign(price=(random.random(len(frame)) < share).astype(float)) for frame in frames]

    train, held = (pd.concat(shared(*span, before), ignore_index=True) for span in ((0, 28), (28, 31)))
    given, labels = scores(28, len(held)), np.arange(len(held)) % 2
    profile = read_profile(json.loads(json.dumps(build_profile(few, train, held, given, labels))))
    found = followed(few, profile, [*shared(31, 34, before), *shared(34, 54, 0.85)])
    assert [each.verdict for each in found] == ["clear"] * 3 + ["breached"] * 20
    assert not any(each.anew for each in found)


def test_batches_of_another_size_are_no_change(use_case):
    profile = profile_of(use_case, clump=5)
    frames = [day(number, rows=rows, clump=5) for number, rows in enumerate([60, 60, 3000, 3000, 60, 300], 31)]
    assert "breached" not in [each.verdict for each in followed(use_case, profile, frames)]


def test_a_profile_of_the_first_format_is_read_and_learns_from_the_intervals_it_meets(use_case):
    content = json.loads(json.dumps(build_profile(use_case, *_parts_without_times())))
    assert content["past"]["columns"] == {}
    del content["past"]
    profile = read_profile(content | {"format": 1})
    clumped = [day(number, clump=5) for number in range(31, 71)]
    verdicts = [each.verdict for each in followed(use_case, profile, clumped)]
    assert "breached" in verdicts[:8]  # rows are taken for independent
    assert "breached" not in verdicts[12:]
    changed = followed(
        use_case, profile, [*clumped[:20], *(day(number, clump=5, size=1.0) for number in range(51, 53))]
    )
    assert changed[-1].verdict == "breached"


def _parts_without_times():
    train = pd.concat([day(number) for number in range(28)], ignore_index=True).drop(columns="event_time")
    held = pd.concat([day(number) for number in range(28, 31)], ignore_index=True).drop(columns="event_time")
    return train, held, scores(0, len(held)), np.random.default_rng(1).integers(0, 2, len(held))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda frame: frame.head(1),
        lambda frame: frame.head(0),
        lambda frame: frame.assign(price=np.nan, colour=None),
        lambda frame: frame.assign(price=np.inf),
        lambda frame: frame.assign(text=""),
        lambda frame: pd.concat([frame.head(1)] * 5000, ignore_index=True).assign(id=range(5000)),
    ],
    ids=["one row", "no row", "all null", "infinite", "empty texts", "equal rows"],
)
def test_spoilt_intervals_are_measured_and_the_next_one_goes_on(use_case, spoil):
    profile = profile_of(use_case, days=10)
    found = followed(use_case, profile, [day(13), spoil(day(14)), day(15)], start=13)
    assert found[0].verdict == "clear"
    assert all(each.verdict in {"clear", "breached", "undecided"} for each in found)
    assert np.isfinite([drift["distance"] for drift in found[2].figures["features"].values()]).all()


def test_a_missing_value_written_as_a_word_is_found_in_a_column_of_many_values(use_case):
    def many(number, rows=170, word=0.0):
        random, frame = np.random.default_rng([number, 51]), day(number, rows)
        frame["colour"] = np.char.add("c", random.integers(0, 51, rows).astype(str))
        return frame.assign(colour=frame["colour"].where(random.random(rows) >= word, "NaN.0"))

    train, held = (pd.concat([many(n) for n in days], ignore_index=True) for days in (range(28), range(28, 31)))
    labels = np.random.default_rng(1).integers(0, 2, len(held))
    content = build_profile(use_case, train, held, scores(1, len(held)), labels)
    profile = read_profile(json.loads(json.dumps(content)))
    frames = [*(many(number) for number in range(31, 36)), *(many(number, word=0.4) for number in range(36, 38))]
    verdicts = [each.verdict for each in followed(use_case, profile, frames)]
    assert "breached" not in verdicts[:5]
    assert verdicts[5:] == ["breached", "breached"]


@pytest.mark.parametrize("days", [8, 14])
@pytest.mark.parametrize("rows", [10, 20, 60])
def test_a_category_that_never_changed_and_changes_for_all_is_found_at_once(use_case, rows, days):
    rules = use_case.monitoring.model_copy(update={"min_rows": 10})
    few = use_case.model_copy(update={"monitoring": rules, "features": ("price", "colour")})

    def constant(first, end, colour="red"):
        return [day(number, rows=rows).assign(colour=colour) for number in range(first, end)]

    train, held = (pd.concat(constant(*span), ignore_index=True) for span in ((0, days), (days, days + 3)))
    given = np.concatenate([scores(number, rows) for number in range(days, days + 3)])
    profile = read_profile(json.loads(json.dumps(build_profile(few, train, held, given, np.arange(len(held)) % 2))))
    frames = [*constant(days + 3, days + 7), *constant(days + 7, days + 10, "blue")]
    verdicts = [each.verdict for each in followed(few, profile, frames, days + 3)]
    assert verdicts == ["clear"] * 4 + ["breached"] * 3
