"""The ledger: it is append-only, a change of it is seen, and an entry has one writer."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from deltalake import DeltaTable, write_deltalake

from sluss.config.settings import Settings
from sluss.errors import DataError, ModelError
from sluss.registry import ledger
from sluss.registry.entry import Change, Model, clock_faults, hash_of, verify
from sluss.registry.ledger import LedgerMovedError
from sluss.registry.mismatch import repair_helps
from sluss.storage.lake import Lake


@pytest.fixture
def lake(tmp_path):
    return Lake(Settings(home=tmp_path), "sentiment")


def change(version, replaced=None, action="promote"):
    return Change(action, version, replaced, "ann", "Better, she says: „ja“.", {"quality": "passed: 0.8 ≥ 0.7"})


def model(digest, day=1):
    return Model("reviews", f"run of {digest}", digest, "models:/m-1", f"2026-01-{day:02d}T00:00:00+00:00")


@pytest.fixture
def three(lake):
    """A ledger of three entries: 1, 2, back to 1."""
    for number, each in enumerate((change("1"), change("2", "1"), change("1", "2", "rollback"))):
        ledger.append(lake, each, after=number)
    return lake


def rewrite(lake, number, **fields):
    """Change an entry directly in the lake."""
    table = DeltaTable(lake.uri("ledger"))
    table.update({name: f"'{value}'" for name, value in fields.items()}, predicate=f"number = '{number:08d}'")


def test_entries_come_back_as_they_were_written(three):
    entries = ledger.read(three)
    assert [(e.number, e.action, e.version, e.replaced) for e in entries] == [
        (1, "promote", "1", None), (2, "promote", "2", "1"), (3, "rollback", "1", "2"),
    ]  # fmt: skip
    assert entries[0].gates == {"quality": "passed: 0.8 ≥ 0.7"}
    assert [e.before for e in entries[1:]] == [e.hash for e in entries[:-1]]
    assert verify(entries) == []


@pytest.mark.parametrize(
    ("number", "fields"),
    [(1, {"by": "bob"}), (2, {"version": "7"}), (3, {"reason": ""}), (2, {"gates": "{}"}), (1, {"hash": "f" * 64})],
)
def test_a_changed_entry_is_named_and_nothing_is_added_to_it(three, number, fields):
    rewrite(three, number, **fields)
    assert verify(ledger.read(three))[0].startswith(f"Entry {number} was changed")
    with pytest.raises(DataError, match=f"not as it was written: Entry {number} was changed"):
        ledger.append(three, change("3", "1"), after=3)
    assert len(ledger.read(three)) == 3


def test_an_entry_with_a_new_hash_does_not_fit_the_next_one(three):
    forged = dataclasses.replace(ledger.read(three)[1], by="bob")
    rewrite(three, 2, by="bob", hash=hash_of(forged))
    assert verify(ledger.read(three)) == [f"Entry 3 does not follow entry 2, whose hash is {hash_of(forged)[:12]}."]


def test_a_removed_entry_is_missed(three):
    DeltaTable(three.uri("ledger")).delete("number = '00000002'")
    assert verify(ledger.read(three)) == ["Entry 2 is missing or occurs twice."]


def test_a_table_that_was_opened_before_anothers_commit_is_refused(three):
    opened = DeltaTable(three.uri("ledger"))

    class Late(Lake):
        """Opens the table as the losing writer does: too early to see the commit that makes its own fail."""

        looks = 0

        def table(self, name, version=None):
            Late.looks += 1
            return opened if Late.looks <= 2 else super().table(name, version)

    ledger.append(three, change("3", "1"), after=3)
    with pytest.raises(LedgerMovedError, match=r"version 3 is in production, by entry 4 \(promote"):
        ledger.append(Late(three.settings, three.use_case), change("4", "1"), after=3)
    assert Late.looks == 3
    assert [e.version for e in ledger.read(three)] == ["1", "2", "1", "3"]


def write_entry(home, version, after, together):
    lake = Lake(Settings(home=home), "sentiment")
    together.wait()
    try:
        return ledger.append(lake, change(version), after).version
    except LedgerMovedError:
        return None


@pytest.mark.parametrize("there", [0, 1])
def test_of_writers_at_once_one_wins(lake, there):
    """Including the first entry, which creates the table."""
    for number in range(there):
        ledger.append(lake, change("1"), after=number)
    together = Barrier(4)
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(write_entry, lake.settings.home, str(n), there, together) for n in range(2, 6)]
    [winner] = [each.result() for each in asked if each.result()]
    entries = ledger.read(lake)
    assert [e.version for e in entries[there:]] == [winner]
    assert verify(entries) == []


def test_rollbacks_and_returns_go_back_through_what_was_in_production(lake):
    assert ledger.standing([]) == []
    story = [
        (change("1"), ["1"]), (change("3", "1"), ["1", "3"]), (change("4", "3"), ["1", "3", "4"]),
        (change("3", "4", "return"), ["1", "3"]), (change("1", "3", "rollback"), ["1"]), (change("5", "1"), ["1", "5"]),
    ]  # fmt: skip
    for number, (each, standing) in enumerate(story):
        ledger.append(lake, each, after=number)
        assert ledger.standing(ledger.read(lake)) == standing
    entries = ledger.read(lake)
    assert ledger.in_production(entries) == "5"
    assert ledger.promotion_of(entries, "3").number == 2
    assert ledger.promotion_of(entries, "2") is None
    assert [ledger.held_by(entries, str(n), model(f"d{n}", n)).number for n in range(1, 5)] == [4, 4, 4, 4]
    assert ledger.held_by(entries, "6", model("d6", 6)) is None


def test_an_entry_keeps_model_and_contract(lake):
    contract = {"classes": ["no", "yes"], "limits": {"min_metric": 0.6}}
    written = ledger.append(lake, dataclasses.replace(change("1"), model=model("d1"), contract=contract), after=0)
    assert ledger.read(lake) == [written]
    assert (written.model.digest, written.contract["classes"]) == ("d1", ["no", "yes"])
    rewrite(lake, 1, contract="{}")
    assert verify(ledger.read(lake))[0].startswith("Entry 1 was changed")


def test_a_table_of_an_older_release_verifies_and_takes_new_entries(lake):
    """Its rows have neither model nor contract, and their hashes were made without."""
    ledger.append(lake, change("1"), after=0)
    rows = DeltaTable(lake.uri("ledger")).to_pyarrow_table().drop_columns(["model", "contract"])
    write_deltalake(lake.uri("ledger"), rows, mode="overwrite", schema_mode="overwrite", partition_by=["number"])
    older = Lake(lake.settings, lake.use_case)
    assert verify(ledger.read(older)) == []
    ledger.append(older, dataclasses.replace(change("2", "1"), model=model("d2")), after=1)
    first, second = ledger.read(older)
    assert (first.model, second.model.digest, verify([first, second])) == (None, "d2", [])


def test_numbers_that_begin_anew_do_not_readmit_a_version_that_was_taken_out(lake):
    removed = dataclasses.replace(change("5"), model=model("d5", 5))
    ledger.append(lake, removed, after=0)
    ledger.append(lake, change(None, "5", "return"), after=1)
    entries = ledger.read(lake)
    assert ledger.held_by(entries, "1", model("d5", 9)).number == 2  # the same artifacts under another number
    assert ledger.held_by(entries, "7", model("d4", 4)).number == 2  # older, with a higher number
    assert ledger.held_by(entries, "1", model("d9", 9)) is None


def test_a_clock_that_runs_backwards_deploys_nothing_but_rolls_back(lake, monkeypatch):
    for number, each in enumerate((change("1"), change("2", "1"))):
        ledger.append(lake, each, after=number)

    class Earlier(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.now(zone) - timedelta(days=365)

    monkeypatch.setattr("sluss.registry.entry.datetime", Earlier)
    monkeypatch.setattr("sluss.registry.ledger.datetime", Earlier)
    with pytest.raises(ModelError, match="one of the two clocks is wrong and nothing was deployed"):
        ledger.append(lake, change("3", "2"), after=2)
    ledger.append(lake, change("1", "2", "rollback"), after=2)
    entries = ledger.read(lake)
    assert verify(entries) == []
    [fault] = clock_faults(entries, datetime.now(UTC))
    assert fault.startswith("Entry 3 is dated")
    assert (repair_helps([fault], entries), repair_helps([fault, "An alias."], entries)) == (False, True)


def dated(entry, days):
    return dataclasses.replace(entry, at=entry.at + timedelta(days=days))


def test_a_clock_that_went_back_is_forgotten_when_a_later_entry_shows_that_it_is_right_again(three):
    first, second, third = ledger.read(three)
    assert clock_faults([first, dated(second, -9)])
    assert clock_faults([first, dated(second, -9), dated(third, -8)])  # it is wrong still
    assert clock_faults([first, dated(second, -9), third]) == []


def test_times_are_judged_anew_from_an_entry_in_which_a_person_accepts_them(three):
    first, second, third = ledger.read(three)
    accepted = dataclasses.replace(third, action="restore", replaced=third.version)
    assert clock_faults([dated(first, 900), second, third])
    assert clock_faults([dated(first, 900), second, accepted]) == []
    assert clock_faults([dated(first, 900), second, accepted, dated(third, -3)])


def test_an_entry_from_the_future_is_named(three):
    entries = ledger.read(three)
    assert clock_faults(entries) == []
    [ahead] = clock_faults(entries, datetime.now(UTC) - timedelta(days=1))
    assert "in the future: a clock is wrong. Set right the clock" in ahead
