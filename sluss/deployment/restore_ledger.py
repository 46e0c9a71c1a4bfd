"""Restore a ledger that was changed or cut off, or name what a person has to decide before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.deployment.production import user
from sluss.errors import DataError
from sluss.registry import anchor, ledger
from sluss.registry.entry import verify
from sluss.registry.mismatch import damage, repair_helps
from sluss.storage.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.context import Context
    from sluss.registry.entry import Entry


def restore_ledger(context: Context, *, accept: bool, drop: bool) -> list[str]:
    """Restore the newest version of the table that agrees with the anchor, and return a sentence about it.

    Raises:
        DataError: there is none, or a person has to decide about its newest entries.
        ServiceError: the lake or MLflow does not answer.
    """
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
    lost = entries[len(found[1]) :] if found else []
    if found is None or (lost and not drop):
        raise DataError(f"{fault} {_question(context, entries, found)}")
    table = lake.table(ledger.TABLE)
    assert table is not None
    with lake.reachable():
        table.restore(found[0])
    ending = "which has every entry" if not lost else f"without {_named(lost)}"
    return [f"{fault} The ledger is restored to version {found[0]} of its table, {ending}."]


def cure(context: Context, entries: Sequence[Entry], faults: Sequence[str]) -> str:
    """Return the sentence that mends contradictions between the stores; empty where `make repair` mends none.

    Raises:
        ServiceError: the lake or MLflow does not answer.
    """
    if not repair_helps(faults, entries):
        return ""
    if damage(context, entries):
        found = _sound_version(context, context.lake)
        if found is None or len(found[1]) < len(entries):
            return _question(context, entries, found)
    return f"Mend it: make repair USE_CASE={context.use_case.name}."


def _question(context: Context, entries: Sequence[Entry], found: tuple[int, list[Entry]] | None) -> str:
    """Return what a person has to decide: only a person knows whether MLflow was restored, or entries were forged."""
    command = f"make repair USE_CASE={context.use_case.name}"
    whole, known = not verify(entries), anchor.read(context)[0]
    if found is None:
        return (
            f"No older version of {context.lake.uri(ledger.TABLE)} has what was written. Restore that table from a "
            f"backup, or, if what is left ({counted(len(entries), 'entry')}) is whole and you accept the loss: "
            f"{command} ACCEPT=1."
        )
    lost = entries[len(found[1]) :]
    keep = (
        f"If MLflow's database was lost, or restored from an older backup, keep the entries: {command} ACCEPT=1."
        if whole
        else "If they are true, restore the table of the ledger from a backup."
    )
    knows = "" if known else f"MLflow knows none of the ledger's {counted(len(entries), 'entry')}. "
    return (
        f"{knows}To agree with MLflow, the ledger would lose {_named(lost)}, so nothing was changed. {keep} If they "
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
