"""Mend contradictions between the stores: the ledger is restored, and the validated model registered again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.deployment.production import follow, user
from sluss.deployment.restore_deleted import restore_deleted
from sluss.errors import ConfigError, DataError, ModelError
from sluss.registry import anchor, artifacts, ledger, versions
from sluss.registry.champion import as_model, in_ledger
from sluss.registry.entry import Change, clock_faults, verify
from sluss.registry.mismatch import damage, mismatches, not_the_champion
from sluss.storage.lake import Lake
from sluss.tracking.client import experiment_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sluss.context import Context
    from sluss.registry.entry import Entry, Model


@dataclass(frozen=True)
class Repair:
    """The repairs, and what is left for a person; a sentence each."""

    done: tuple[str, ...]
    left: tuple[str, ...]


def repair(context: Context, *, accept: bool = False, drop: bool = False, by: str = "") -> Repair:
    """Make MLflow agree with the ledger. Running it again changes nothing.

    A ledger that was changed or cut off goes back to the newest version of its table that agrees with the anchor, if
    that has no fewer entries. Where entries would be lost, a person decides: they may be forged, or MLflow's database
    may be older than they are, as after a restore. A champion that MLflow has lost, renamed or replaced is registered
    again from its artifacts, if they still have the digest of its validation. Deleted experiments, and deleted runs of
    registered versions, are restored.

    Args:
        context: settings and use case.
        accept: keep the ledger as it is, if its chain is whole, and anchor that; go on without the tables that were
            deleted, and with entries whose times contradict their places.
        drop: go back also where the newest entries are lost by that.
        by: the person who repairs; by default the user of this process.

    Raises:
        ConfigError: both `accept` and `drop` are given.
        DataError: the ledger cannot be restored, or a person has to decide about its newest entries.
        ModelError: the champion's artifacts were changed or lost.
        ServiceError: the lake or MLflow does not answer.
    """
    if accept and drop:
        raise ConfigError("ACCEPT=1 keeps the ledger's newest entries, and DROP=1 drops them: give one of the two.")
    before = mismatches(context, ledger.read(context.lake))
    done = restore_deleted(context) + _restore_ledger(context, accept=accept, drop=drop)
    done += _accept_lost_tables(context) if accept else []
    entries = ledger.read_verified(context.lake)
    anchor.move(context, entries)
    done += _register_again(context, entries, by or user())
    done += _accept_clocks(context, by or user()) if accept else []
    follow(context, context.lake)
    left = mismatches(context, ledger.read(context.lake))
    if before and not done and len(left) < len(before):
        done.append("MLflow's aliases and the anchor follow the ledger again.")
    return Repair(tuple(done), tuple(left))


def _accept_clocks(context: Context, by: str) -> list[str]:
    """Write an entry from which on the times of entries are judged anew; it changes nothing in production."""
    entries = ledger.read_verified(context.lake)
    if not (faults := clock_faults(entries)):
        return []
    last = entries[-1]
    reason = f"{faults[0]} A person accepts that, and the clocks are right from here on."
    change = Change("restore", last.version, last.version, by, reason, {}, model=last.model, contract=last.contract)
    anchor.move(context, [*entries, ledger.append(context.lake, change, after=len(entries))])
    return [f"{faults[0]} That is accepted by {by}, in entry {len(entries) + 1} of the ledger."]


def _accept_lost_tables(context: Context) -> list[str]:
    """Forget that tables were deleted, so that `make status` is well without them."""
    known = context.lake.known
    gone = sorted(name for name in known.names() if context.lake.table(name) is None)
    lost = sorted({*gone, *known.begun_anew()})
    known.accept(gone)
    return [f"The loss of {counted(len(lost), 'table')}, {', '.join(lost)}, is accepted by {user()}."] if lost else []


def _restore_ledger(context: Context, *, accept: bool, drop: bool) -> list[str]:
    lake = context.lake
    entries = ledger.read(lake)
    faults = damage(context, entries)
    if not faults:
        return []
    fault = faults[0]
    # Before older versions of the table: where MLflow's database was restored from an older backup, the anchor is old,
    # and the ledger is right.
    if accept and not verify(entries):
        anchor.move(context, entries)
        return [f"{fault} What is left, {counted(len(entries), 'entry')}, is accepted by {user()} and anchored."]
    found = _sound_version(context, lake)
    if found is None:
        raise DataError(
            f"{fault} No older version of {lake.uri(ledger.TABLE)} has what was written. Restore that table from a "
            f"backup, or, if what is left ({counted(len(entries), 'entry')}) is whole and you accept the loss: make "
            f"repair USE_CASE={context.use_case.name} ACCEPT=1."
        )
    version, kept = found
    lost = entries[len(kept) :]
    if lost and not drop:
        raise _to_decide(context, fault, lost, whole=not verify(entries))
    table = lake.table(ledger.TABLE)
    assert table is not None
    with lake.reachable():
        table.restore(version)
    ending = "which has every entry" if not lost else f"without {_named(lost)}"
    return [f"{fault} The ledger is restored to version {version} of its table, {ending}."]


def _to_decide(context: Context, fault: str, lost: Sequence[Entry], *, whole: bool) -> DataError:
    """Return the question about entries that MLflow does not know: only a person knows what was restored."""
    command = f"make repair USE_CASE={context.use_case.name}"
    keep = (
        f"If MLflow's database was restored from an older backup, keep the entries: {command} ACCEPT=1."
        if whole
        else "If they are true, restore the table of the ledger from a backup."
    )
    return DataError(
        f"{fault} To agree with MLflow, the ledger would lose {_named(lost)}, so nothing was changed. {keep} If they "
        f"were forged, drop them: {command} DROP=1."
    )


def _named(lost: Sequence[Entry]) -> str:
    first, last = lost[0], lost[-1]
    return str(first) if len(lost) == 1 else f"{counted(len(lost), 'entry')}, from {first} to {last}"


def _sound_version(context: Context, lake: Lake) -> tuple[int, list[Entry]] | None:
    """Return the newest version of the ledger's table whose entries are whole and agree with the anchor, with them."""
    table = lake.table(ledger.TABLE)
    for version in range(table.version() - 1 if table else -1, -1, -1):
        try:
            found = ledger.read(Lake(lake.settings, lake.use_case, {ledger.TABLE: version}))
        except DataError:  # vacuumed, and so are all before it
            return None
        if not damage(context, found):
            return version, found
    return None


def _register_again(context: Context, entries: Sequence[Entry], by: str) -> list[str]:
    """Register the champion's artifacts as a new version if MLflow does not have them under its name and number."""
    use_case, number = context.use_case, ledger.in_production(entries)
    model = entries[-1].model if entries else None
    if number is None or model is None or (wrong := not_the_champion(context, number, model)) is None:
        return []
    known = in_ledger(context, entries, number)
    try:
        folder = artifacts.local_copy(context.settings, known)
    except ModelError as error:
        raise ModelError(
            f"{wrong} It cannot be registered again: {error} To go back to the version before: make rollback "
            f"USE_CASE={use_case.name}."
        ) from error
    with context.reachable():
        made = versions.create(context, (_source(context, model, folder), model.run_id), known.tags)
    # The time of the first registration: later candidates are newer than that, not than the repair.
    again = replace(as_model(made), registered=model.registered)
    reason = f"{wrong} The same model, digest {model.digest[:12]}, is registered again."
    new = str(made.version)
    change = Change("restore", new, number, by, reason, {}, model=again, contract=entries[-1].contract)
    ledger.append(context.lake, change, after=len(entries))
    return [f"{reason} It is version {new} of {use_case.model} now."]


def _source(context: Context, model: Model, folder: Path) -> str:
    """The address of the model's artifacts; a new one, from the copy, where MLflow has forgotten the logged model."""
    from mlflow.exceptions import MlflowException

    client, model_id = context.client, model.source.removeprefix("models:/")
    if not model_id.startswith("m-"):
        return model.source
    try:
        client.get_logged_model(model_id)
    except MlflowException as error:
        # Its database is one of before the training, as after a restore.
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        experiment = experiment_id(context.settings, client, context.use_case.experiment)
        logged = client.create_logged_model(experiment, name="model")
        client.log_model_artifacts(logged.model_id, str(folder))
        client.finalize_logged_model(logged.model_id, "READY")
        return f"models:/{logged.model_id}"
    return model.source
