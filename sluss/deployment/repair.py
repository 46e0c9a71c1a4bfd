"""Mend contradictions between the stores: the ledger is restored, and the validated model registered again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.deployment.production import follow, user
from sluss.deployment.restore_deleted import restore_deleted
from sluss.errors import DataError, ModelError
from sluss.registry import anchor, artifacts, ledger, versions
from sluss.registry.champion import as_model, in_ledger
from sluss.registry.entry import Change, verify
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


def repair(context: Context, *, accept: bool = False, by: str = "") -> Repair:
    """Make MLflow agree with the ledger. Running it again changes nothing.

    A ledger that was changed or cut off goes back to the newest version of its table that agrees with the anchor. A
    champion that MLflow has lost, renamed or replaced is registered again from its artifacts, if they still have the
    digest of its validation. Deleted experiments, and deleted runs of registered versions, are restored.

    Args:
        context: settings and use case.
        accept: keep the ledger as it is, if its chain is whole, and anchor that.
        by: the person who repairs; by default the user of this process.

    Raises:
        DataError: the ledger cannot be restored.
        ModelError: the champion's artifacts were changed or lost.
        ServiceError: the lake or MLflow does not answer.
    """
    before = mismatches(context, ledger.read(context.lake))
    done = restore_deleted(context) + _restore_ledger(context, accept=accept)
    entries = ledger.read_verified(context.lake)
    anchor.move(context, entries)
    done += _register_again(context, entries, by or user())
    follow(context, context.lake)
    left = mismatches(context, ledger.read(context.lake))
    if before and not done and len(left) < len(before):
        done.append("MLflow's aliases and the anchor follow the ledger again.")
    return Repair(tuple(done), tuple(left))


def _restore_ledger(context: Context, *, accept: bool) -> list[str]:
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
    if (version := _sound_version(context, lake)) is not None:
        table = lake.table(ledger.TABLE)
        assert table is not None
        with lake.reachable():
            table.restore(version)
        return [f"{fault} The ledger is restored to version {version} of its table, which has every entry."]
    raise DataError(
        f"{fault} No older version of {lake.uri(ledger.TABLE)} has what was written. Restore that table from a backup, "
        f"or, if what is left ({counted(len(entries), 'entry')}) is whole and you accept the loss: make repair "
        f"USE_CASE={context.use_case.name} ACCEPT=1."
    )


def _sound_version(context: Context, lake: Lake) -> int | None:
    """Return the newest version of the ledger's table whose entries are whole and agree with the anchor, or None."""
    table = lake.table(ledger.TABLE)
    for version in range(table.version() - 1 if table else -1, -1, -1):
        try:
            found = ledger.read(Lake(lake.settings, lake.use_case, {ledger.TABLE: version}))
        except DataError:  # vacuumed, and so are all before it
            return None
        if not damage(context, found):
            return version
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
