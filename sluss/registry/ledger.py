"""The ledger: an append-only record of every change of the champion, chained by hashes.

It is the Delta table `ledger` of a use case, one partition for each entry, and it decides which version is in
production. MLflow's aliases follow it. They cannot decide: an alias keeps no history, and MLflow has no compare-and-set
for it, so of two deployments at once both would succeed. A Delta table commits each of its versions once, which makes
the number of an entry a lock.

An entry's hash covers its fields and the hash of the entry before it. To change, remove or insert an entry unnoticed,
all later hashes must be computed anew. The chain thus reveals damage and careless edits by an account that can write to
the lake; it does not prevent them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, get_args

from sluss.errors import DataError, ModelError
from sluss.storage.lake import Lake, properties

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

Action = Literal["promote", "rollback", "return"]

TABLE = "ledger"
_NUMBER = "number"
_START = "0" * 64  # the first entry's `before`


class LedgerMovedError(ModelError):
    """Another process has changed the champion first."""


@dataclass(frozen=True)
class Change:
    """A requested change of the champion, with its reason."""

    action: Action
    version: str | None  # in production after the change; None: no version
    replaced: str | None
    by: str
    reason: str
    gates: Mapping[str, str]  # each gate's verdict and sentence: "passed: …"


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

    @property
    def passed(self) -> str:
        """How many gates had passed, e.g. `8 of 8 passed`; empty if none ran."""
        passed = sum(verdict.startswith("passed") for verdict in self.gates.values())
        return f"{passed} of {len(self.gates)} passed" if self.gates else ""

    def __str__(self) -> str:
        return f"entry {self.number} ({self.action}, {self.at:%Y-%m-%d %H:%M} UTC, by {self.by})"


def read(lake: Lake) -> list[Entry]:
    """Read all entries, the oldest first; none before the first deployment.

    Raises:
        ServiceError: the lake does not answer.
    """
    table = lake.table(TABLE)
    if table is None:
        return []
    with lake.reachable():
        rows = table.to_pyarrow_dataset().to_table().sort_by(_NUMBER).to_pylist()
    return [Entry(**row | {_NUMBER: int(row[_NUMBER]), "gates": json.loads(row["gates"])}) for row in rows]


def read_verified(lake: Lake) -> list[Entry]:
    """Read all entries and verify the chain.

    Raises:
        DataError: an entry was changed or removed.
    """
    entries = read(lake)
    if broken := verify(entries):
        raise DataError(
            f"The ledger of {lake.use_case} is not as it was written: {broken[0]} It does not prove which version is "
            f"in production, so nothing was changed. Look at it (make history USE_CASE={lake.use_case}), find out who "
            f"wrote to {lake.uri(TABLE)}, and restore that Delta table to its version before."
        )
    return entries


def append(lake: Lake, change: Change, after: int) -> Entry:
    """Write entry number `after` + 1 if the ledger has exactly `after` entries. Of two writers, one succeeds.

    Raises:
        LedgerMovedError: the ledger has other entries by now; nothing was written.
        DataError: the ledger was changed by other means.
        ServiceError: the lake does not answer.
    """
    from deltalake import CommitProperties, write_deltalake
    from deltalake.exceptions import CommitFailedError, DeltaError

    table = lake.table(TABLE)
    entries = read_verified(lake)
    # `after` counts the entries that the caller based its decision on. With a newer entry, the gates have compared the
    # version with a champion that has been replaced since.
    if len(entries) != after:
        raise _moved(lake, entries)
    entry = _entry(change, entries)
    row = _row(entry)
    try:
        with lake.reachable():
            write_deltalake(
                table or lake.uri(TABLE),
                row,
                # delta-rs commits each version of a table once. By default it would retry a lost commit as the next
                # version, and then two entries would have one number; without retries it raises. That also decides
                # between two writers that create the table, which mode="error" alone would both accept.
                mode="append" if table else "error",
                partition_by=[_NUMBER],
                configuration=None if table else properties(row.schema.names),
                commit_properties=CommitProperties(max_commit_retries=0),
                storage_options=lake.settings.lake_options,
            )
    except DeltaError as error:
        # An error is a lost race only if there are new entries. For a lost creation of the table, delta-rs raises no
        # type of its own, so the entries alone decide.
        newer = read(lake)
        if newer == entries or not (table is None or isinstance(error, CommitFailedError)):
            raise
        raise _moved(lake, newer) from None
    return entry


def _moved(lake: Lake, entries: Sequence[Entry]) -> LedgerMovedError:
    last = entries[-1]
    now = f"version {last.version}" if last.version else "no version"
    return LedgerMovedError(
        f"Another process has changed the champion meanwhile: {now} is in production, by {last}. Nothing was changed. "
        f"Deploy again, so that the gates compare with it: make deploy USE_CASE={lake.use_case}."
    )


def _entry(change: Change, entries: Sequence[Entry]) -> Entry:
    bare = Entry(
        **vars(change),
        number=len(entries) + 1,
        at=datetime.now(UTC),
        before=entries[-1].hash if entries else _START,
        hash="",
    )
    return Entry(**vars(bare) | {"hash": _hash(bare)})


def _hash(entry: Entry) -> str:
    """SHA-256 of the entry's fields as JSON: sorted keys, no spaces, UTF-8, the time in ISO 8601.

    This form is part of the ledger: with any other, entries that were written before would no longer verify.
    """
    fields = {name: value for name, value in asdict(entry).items() if name != "hash"}
    fields |= {"at": entry.at.astimezone(UTC).isoformat(), "gates": dict(entry.gates)}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _row(entry: Entry) -> pa.Table:
    import pyarrow as pa

    text = {name: pa.string() for name in ("action", "version", "replaced", "by", "reason", "gates", "before", "hash")}
    schema = pa.schema({_NUMBER: pa.string(), "at": pa.timestamp("us", "UTC"), **text})
    # Partition values are text: padded with zeros, they sort like numbers.
    values = asdict(entry) | {_NUMBER: f"{entry.number:08d}", "gates": json.dumps(entry.gates, sort_keys=True)}
    return pa.Table.from_pylist([values], schema)


def verify(entries: Sequence[Entry]) -> list[str]:
    """Return the faults of the chain, a sentence each; none if every entry is as it was written."""
    wrong, before = [], _START
    for place, entry in enumerate(entries, start=1):
        # Every entry after a gap would be reported as well and hide the place of the fault.
        if entry.number != place:
            wrong.append(f"Entry {place} is missing or occurs twice.")
            break
        if entry.hash != _hash(entry) or entry.action not in get_args(Action):
            wrong.append(f"Entry {place} was changed: its content does not give its hash {entry.hash[:12]}.")
        if entry.before != before:
            wrong.append(f"Entry {place} does not follow entry {place - 1}, whose hash is {before[:12]}.")
        before = entry.hash
    return wrong


def standing(entries: Sequence[Entry]) -> list[str]:
    """Return the stack of versions that rollbacks go back through, the one in production last.

    A promotion pushes a version; a rollback and an automatic return pop one.
    """
    versions: list[str] = []
    for entry in entries:
        # After the pop, the version that the entry brings back is on top.
        if entry.action != "promote":
            versions = versions[:-1]
        elif entry.version:
            versions.append(entry.version)
    return versions


def in_production(entries: Sequence[Entry]) -> str | None:
    """Return the version in production, or None."""
    return entries[-1].version if entries else None


def promotion_of(entries: Sequence[Entry], version: str) -> Entry | None:
    """Return the newest entry that promoted a version, or None."""
    return next((each for each in reversed(entries) if (each.action, each.version) == ("promote", version)), None)


def held_by(entries: Sequence[Entry], version: str) -> Entry | None:
    """Return the rollback or return that keeps a version out of production, or None.

    It removed this version or a newer one. Only a version newer than the removed one ends that.
    """
    taken = [each for each in entries if each.action != "promote" and each.replaced is not None]
    # The newest version that was ever removed, not the last removal: to remove an older version later must not readmit
    # the newer one.
    newest = max(taken, key=lambda each: int(each.replaced or 0), default=None)
    return newest if newest and int(version) <= int(newest.replaced or 0) else None
