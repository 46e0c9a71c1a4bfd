"""The ledger: an append-only record of every change of the champion, chained by hashes.

It is the Delta table `ledger` of a use case, one partition for each entry, and it decides which version is in
production. MLflow's aliases follow it. They cannot decide: an alias keeps no history, and MLflow has no compare-and-set
for it, so of two deployments at once both would succeed. A Delta table commits each of its versions once, which makes
the number of an entry a lock.

An entry's hash covers its fields and the hash of the entry before it. To change, remove or insert an entry unnoticed,
all later hashes must be computed anew, and `sluss.registry.anchor` keeps the last one in MLflow. The chain thus reveals
damage and careless edits by an account that can write to the lake; it does not prevent them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluss.errors import DataError, ModelError
from sluss.registry.entry import CLOCK_TOLERANCE, Change, Entry, Model, next_entry, verify
from sluss.schema import DESCRIPTION
from sluss.storage.lake import Lake, properties
from sluss.storage.written_again import table_again
from sluss.typed import as_typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

TABLE = "ledger"
_NUMBER = "number"


class LedgerMovedError(ModelError):
    """Another process has changed the champion first."""


def read(lake: Lake) -> list[Entry]:
    """Read all entries, the oldest first; none before the first deployment.

    Raises:
        DataError: a row cannot be read.
        ServiceError: the lake does not answer.
    """
    table = lake.table(TABLE)
    if table is None:
        return []
    with lake.reachable():
        rows = table.to_pyarrow_dataset().to_table().sort_by(_NUMBER).to_pylist()
    try:
        return [_entry(row) for row in rows]
    except (ValueError, TypeError) as error:
        raise DataError(
            f"The ledger {lake.uri(TABLE)} is damaged: a row of it cannot be read ({error}). Restore its folder from a "
            f"backup, {table_again(lake.use_case, TABLE)}"
        ) from error


def _entry(row: dict[str, object]) -> Entry:
    # Tables of older releases have no column `model` or `contract`.
    decoded = {name: json.loads(str(row.get(name) or "{}")) for name in ("gates", "model", "contract")}
    model = Model(**decoded["model"]) if decoded["model"] else None
    return Entry(**row | decoded | {_NUMBER: int(str(row[_NUMBER])), "model": model})  # type: ignore[arg-type]


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
        ModelError: a promotion would be dated before the newest entry: a clock is wrong.
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
    _check_clock(lake, change, entries)
    change = replace(change, by=as_typed(change.by), reason=as_typed(change.reason))
    entry = next_entry(change, entries)
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
                schema_mode="merge" if table else None,  # a table of an older release lacks the newest columns
                partition_by=[_NUMBER],
                configuration=None if table else properties(row.schema.names),
                description=None if table else DESCRIPTION,
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
    lake.known.note(TABLE, created=table is None)
    return entry


def _check_clock(lake: Lake, change: Change, entries: Sequence[Entry]) -> None:
    # Not for a rollback: at night it matters more than the right time, and the history shows the wrong one.
    if change.action != "promote" or not entries or datetime.now(UTC) >= entries[-1].at - CLOCK_TOLERANCE:
        return
    raise ModelError(
        f"It is {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by the clock of this machine, but the ledger's newest entry is "
        f"dated {entries[-1].at:%Y-%m-%d %H:%M} UTC, so one of the two clocks is wrong and nothing was deployed. Set "
        f"the clock right and deploy again; make history USE_CASE={lake.use_case} shows the entries."
    )


def _moved(lake: Lake, entries: Sequence[Entry]) -> LedgerMovedError:
    last = entries[-1]
    now = f"version {last.version}" if last.version else "no version"
    return LedgerMovedError(
        f"Another process has changed the champion meanwhile: {now} is in production, by {last}. Nothing was changed. "
        f"Deploy again, so that the gates compare with it: make deploy USE_CASE={lake.use_case}."
    )


def _row(entry: Entry) -> pa.Table:
    import pyarrow as pa

    names = ("action", "version", "replaced", "by", "reason", "gates", "before", "hash", "model", "contract")
    schema = pa.schema({_NUMBER: pa.string(), "at": pa.timestamp("us", "UTC"), **dict.fromkeys(names, pa.string())})
    found = asdict(entry)
    texts = {name: json.dumps(found[name], sort_keys=True) for name in ("gates", "model", "contract")}
    # Partition values are text: padded with zeros, they sort like numbers.
    return pa.Table.from_pylist([found | texts | {_NUMBER: f"{entry.number:08d}"}], schema)


def standing(entries: Sequence[Entry]) -> list[str]:
    """Return the stack of versions that rollbacks go back through, the one in production last.

    A promotion pushes a version; a rollback and an automatic return pop one; a restore replaces one by its new number.
    """
    versions: list[str] = []
    for entry in entries:
        # After the pop, the version that the entry brings back is on top.
        if entry.action != "promote":
            versions = versions[:-1]
        if entry.action in {"promote", "restore"} and entry.version:
            versions.append(entry.version)
    return versions


def in_production(entries: Sequence[Entry]) -> str | None:
    """Return the version in production, or None."""
    return entries[-1].version if entries else None


def entry_of(entries: Sequence[Entry], version: str, run_id: str | None = None) -> Entry | None:
    """Return the newest entry that has a version in production, or None. A run tells two of one number apart."""
    return next((each for each in reversed(entries) if each.version == version and _is_of(each, run_id)), None)


def _is_of(entry: Entry, run_id: str | None) -> bool:
    return run_id is None or entry.model is None or entry.model.run_id == run_id


def promotion_of(entries: Sequence[Entry], version: str) -> Entry | None:
    """Return the newest entry that promoted a version, or None."""
    return next((each for each in reversed(entries) if (each.action, each.version) == ("promote", version)), None)


def held_by(entries: Sequence[Entry], version: str, model: Model) -> Entry | None:
    """Return the rollback or return that keeps a version out of production, or None.

    It removed this version, the same model under another number, or a version that was registered later. Only a version
    newer than all that were removed ends that.
    """
    taken = [each for each in entries if each.action in {"rollback", "return"} and each.replaced is not None]
    for each in taken:
        removed = entry_of(entries[: each.number - 1], str(each.replaced))
        if not _is_newer((version, model), (str(each.replaced), removed.model if removed else None)):
            return each
    return None


def is_newer(version: str, model: Model, entry: Entry) -> bool:
    """Whether a version was registered after the one that an entry put into production."""
    return _is_newer((version, model), (str(entry.version), entry.model))


def _is_newer(later: tuple[str, Model], earlier: tuple[str, Model | None]) -> bool:
    (number, model), (before, known) = later, earlier
    # Numbers begin anew when a registered model is deleted, so the time decides where it is known.
    if known is None:
        return int(number) > int(before)
    return model.digest != known.digest and model.registered > known.registered
