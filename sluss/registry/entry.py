"""An entry of the ledger: a change of production, the model that it put there, and the hash that chains it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Action = Literal["promote", "rollback", "return", "restore"]

START = "0" * 64  # the first entry's `before`
CLOCK_TOLERANCE = timedelta(minutes=5)  # between the clocks of two machines


@dataclass(frozen=True)
class Model:
    """The model of a version as it was validated: enough to find and to check it without the registry."""

    name: str  # of the registered model
    run_id: str
    digest: str  # SHA-256 of its artifacts
    source: str  # address of its artifacts
    registered: str  # when, in ISO 8601, UTC
    until: str = ""  # training used only rows that arrived before this moment
    inputs: str = ""  # digest of the training's inputs


@dataclass(frozen=True)
class Change:
    """A requested change of the champion, with its reason."""

    action: Action
    version: str | None  # in production after the change; None: no version
    replaced: str | None
    by: str
    reason: str
    gates: Mapping[str, str]  # each gate's verdict and sentence: "passed: …"
    model: Model | None = None  # of `version`
    contract: Mapping[str, Any] = field(default_factory=dict)  # the meaning of its scores, and its limits


@dataclass(frozen=True)
class Entry:
    """A recorded change. `at` is in UTC; `hash` covers all other fields; `before` is the preceding entry's hash."""

    number: int
    at: datetime
    action: Action
    version: str | None
    replaced: str | None
    by: str
    reason: str
    gates: Mapping[str, str]
    before: str
    hash: str
    model: Model | None = None  # None also in entries of older releases
    contract: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> str:
        """How many gates had passed, e.g. `8 of 8 passed`; empty if none ran."""
        passed = sum(verdict.startswith("passed") for verdict in self.gates.values())
        return f"{passed} of {len(self.gates)} passed" if self.gates else ""

    def __str__(self) -> str:
        return f"entry {self.number} ({self.action}, {self.at:%Y-%m-%d %H:%M} UTC, by {self.by})"


def next_entry(change: Change, entries: Sequence[Entry]) -> Entry:
    """Return the entry for a change that follows these entries, written now."""
    bare = Entry(
        **vars(change),
        number=len(entries) + 1,
        at=datetime.now(UTC),
        before=entries[-1].hash if entries else START,
        hash="",
    )
    return Entry(**vars(bare) | {"hash": hash_of(bare)})


def hash_of(entry: Entry) -> str:
    """SHA-256 of the entry's fields as JSON: sorted keys, no spaces, UTF-8, the time in ISO 8601.

    This form is part of the ledger: with any other, entries that were written before would no longer verify.
    """
    fields = {name: value for name, value in asdict(entry).items() if name != "hash"}
    fields |= {"at": entry.at.astimezone(UTC).isoformat(), "gates": dict(entry.gates)}
    # Entries of older releases have neither, and must keep their hash.
    for name in ("model", "contract"):
        if not fields[name]:
            del fields[name]
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def verify(entries: Sequence[Entry]) -> list[str]:
    """Return the faults of the chain, a sentence each; none if every entry is as it was written."""
    wrong, before = [], START
    for place, entry in enumerate(entries, start=1):
        # Every entry after a gap would be reported as well and hide the place of the fault.
        if entry.number != place:
            wrong.append(f"Entry {place} is missing or occurs twice.")
            break
        if entry.hash != hash_of(entry) or entry.action not in get_args(Action):
            wrong.append(f"Entry {place} was changed: its content does not give its hash {entry.hash[:12]}.")
        if entry.before != before:
            wrong.append(f"Entry {place} does not follow entry {place - 1}, whose hash is {before[:12]}.")
        before = entry.hash
    return wrong


def accepts_clock(entry: Entry) -> bool:
    """Whether a person has accepted the times of all entries before this one: it changes nothing in production."""
    return entry.action == "restore" and entry.version == entry.replaced


def clock_faults(entries: Sequence[Entry], now: datetime | None = None) -> list[str]:
    """Return the entries whose time contradicts their place, a sentence each.

    An entry may be older than the one before it, or newer than `now` (by default the present), by five minutes at most.
    A contradiction ends with the first later entry that is newer than both, which shows that the clock is right again,
    or when a person accepts it.
    """
    present = (now or datetime.now(UTC)) + CLOCK_TOLERANCE
    first = max((place for place, each in enumerate(entries) if accepts_clock(each)), default=0)
    judged = entries[first:]
    wrong = [
        f"Entry {later.number} is dated {later.at:%Y-%m-%d %H:%M}, before entry {earlier.number} of "
        f"{earlier.at:%Y-%m-%d %H:%M}: the clock of the machine that wrote one of them was wrong."
        for place, (earlier, later) in enumerate(pairwise(judged), start=2)
        if later.at < earlier.at - CLOCK_TOLERANCE
        and not any(each.at >= earlier.at - CLOCK_TOLERANCE for each in judged[place:])
    ]
    ahead = next((each for each in judged if each.at > present), None)
    if ahead:
        wrong.append(
            f"Entry {ahead.number} is dated {ahead.at:%Y-%m-%d %H:%M}, in the future: a clock is wrong. Set right the "
            "clock of this machine, or of the one that wrote the entry."
        )
    return wrong
