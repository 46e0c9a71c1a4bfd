"""The ledger: every change of what is in production, append-only, each entry with the hash of the one before.

It is the Delta table `ledger` of a use case, one partition an entry. It decides what is in production; the aliases in
MLflow follow it.
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
_START = "0" * 64  # what the first entry names as the hash before it


class LedgerMovedError(ModelError):
    """Somebody else changed what is in production first."""


@dataclass(frozen=True)
class Change:
    """What somebody wants to put into production, and why."""

    action: Action
    version: str | None  # in production from now on; None: no version is
    replaced: str | None
    by: str
    reason: str
    gates: Mapping[str, str]  # what each gate said: "passed: …"


@dataclass(frozen=True)
class Entry:
    """A change that was made. `at` is in UTC; `hash` covers all other fields, `before` is the last entry's hash."""

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
        """How many gates had passed, e.g. `8 of 8 passed`; empty where none was asked."""
        passed = sum(said.startswith("passed") for said in self.gates.values())
        return f"{passed} of {len(self.gates)} passed" if self.gates else ""

    def __str__(self) -> str:
        return f"entry {self.number} ({self.action}, {self.at:%Y-%m-%d %H:%M} UTC, by {self.by})"


def read(lake: Lake) -> list[Entry]:
    """All entries, the oldest first; none where nothing was ever deployed.

    Raises:
        ServiceError: the lake does not answer.
    """
    table = lake.table(TABLE)
    if table is None:
        return []
    with lake.reachable():
        rows = table.to_pyarrow_dataset().to_table().sort_by(_NUMBER).to_pylist()
    return [Entry(**row | {_NUMBER: int(row[_NUMBER]), "gates": json.loads(row["gates"])}) for row in rows]


def whole(lake: Lake) -> list[Entry]:
    """All entries, of which none was changed.

    Raises:
        DataError: an entry was changed or removed.
    """
    entries = read(lake)
    if broken := verify(entries):
        raise DataError(
            f"The ledger of {lake.use_case} is not as it was written: {broken[0]} Nobody can say what is in production "
            f"and why, so nothing was changed. Look at it (make history USE_CASE={lake.use_case}), find out who wrote "
            f"to {lake.uri(TABLE)}, and restore that Delta table to its version before."
        )
    return entries


def append(lake: Lake, change: Change, after: int) -> Entry:
    """Write entry number `after` + 1, if `after` entries are all there are: of two writers with one number, one wins.

    delta-rs commits a version of a table once only. It would try a lost commit again as the next version; without
    retries it gives up instead, also when the table is to be made, where its mode "error" alone lets two makers in.

    Raises:
        LedgerMovedError: there are other entries by now; nothing was written.
        DataError: the ledger was changed by other means.
        ServiceError: the lake does not answer.
    """
    from deltalake import CommitProperties, write_deltalake
    from deltalake.exceptions import CommitFailedError, DeltaError

    table = lake.table(TABLE)
    entries = whole(lake)
    if len(entries) != after:
        raise _moved(lake, entries)
    entry = _entry(change, entries)
    row = _row(entry)
    try:
        with lake.reachable():
            write_deltalake(
                table or lake.uri(TABLE),
                row,
                mode="append" if table else "error",
                partition_by=[_NUMBER],
                configuration=None if table else properties(row.schema.names),
                commit_properties=CommitProperties(max_commit_retries=0),
                storage_options=lake.settings.lake_options,
            )
    except DeltaError as error:
        newer = read(lake)
        if newer == entries or not (table is None or isinstance(error, CommitFailedError)):
            raise
        raise _moved(lake, newer) from None
    return entry


def _moved(lake: Lake, entries: Sequence[Entry]) -> LedgerMovedError:
    last = entries[-1]
    now = f"version {last.version}" if last.version else "no version"
    return LedgerMovedError(
        f"Meanwhile somebody else changed what is in production: {now} is, by {last}. Nothing was changed. "
        f"Ask again, so that the gates compare with it: make deploy USE_CASE={lake.use_case}."
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
    """SHA-256 of the entry's fields as JSON: keys sorted, no spaces, UTF-8, the time in ISO 8601."""
    fields = {name: value for name, value in asdict(entry).items() if name != "hash"}
    fields |= {"at": entry.at.astimezone(UTC).isoformat(), "gates": dict(entry.gates)}
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _row(entry: Entry) -> pa.Table:
    import pyarrow as pa

    text = {name: pa.string() for name in ("action", "version", "replaced", "by", "reason", "gates", "before", "hash")}
    schema = pa.schema({_NUMBER: pa.string(), "at": pa.timestamp("us", "UTC"), **text})
    values = asdict(entry) | {_NUMBER: f"{entry.number:08d}", "gates": json.dumps(entry.gates, sort_keys=True)}
    return pa.Table.from_pylist([values], schema)


def verify(entries: Sequence[Entry]) -> list[str]:
    """What is wrong with the chain, a sentence each; none when every entry is as it was written."""
    wrong, before = [], _START
    for place, entry in enumerate(entries, start=1):
        if entry.number != place:
            wrong.append(f"Entry {place} is missing or there twice.")
            break
        if entry.hash != _hash(entry) or entry.action not in get_args(Action):
            wrong.append(f"Entry {place} was changed: its content does not give its hash {entry.hash[:12]}.")
        if entry.before != before:
            wrong.append(f"Entry {place} does not follow entry {place - 1}: that one's hash is {before[:12]}.")
        before = entry.hash
    return wrong


def standing(entries: Sequence[Entry]) -> list[str]:
    """The versions that a rollback can go through, the one in production last.

    A promotion puts a version on top; a rollback and an automatic return take the top one away.
    """
    versions: list[str] = []
    for entry in entries:
        if entry.action != "promote":
            versions = versions[:-1]
        elif entry.version:
            versions.append(entry.version)
    return versions


def in_production(entries: Sequence[Entry]) -> str | None:
    """The version in production, or None."""
    return entries[-1].version if entries else None


def promotion_of(entries: Sequence[Entry], version: str) -> Entry | None:
    """The newest entry that put a version into production, or None."""
    return next((each for each in reversed(entries) if (each.action, each.version) == ("promote", version)), None)


def held_by(entries: Sequence[Entry], version: str) -> Entry | None:
    """The rollback or return that keeps a version out of production: it took away this version or a newer one."""
    taken = [each for each in entries if each.action != "promote" and each.replaced is not None]
    newest = max(taken, key=lambda each: int(each.replaced or 0), default=None)
    return newest if newest and int(version) <= int(newest.replaced or 0) else None
