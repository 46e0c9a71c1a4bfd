"""The anchor of the ledger: the number and hash of its newest entry, kept in MLflow.

The chain of hashes alone cannot show that its last entries were cut off. The anchor is a tag of the use case's training
experiment, in another store than the ledger, so whoever cuts the ledger must also change MLflow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.errors import DataError
from sluss.tracking.client import experiment_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.context import Context
    from sluss.registry.entry import Entry

TAG = "sluss.ledger"
# A process that was killed between its entry and the anchor leaves it behind by one entry.
_BEHIND = 1


def read(context: Context) -> tuple[int, str]:
    """Return number and hash of the newest anchored entry; 0 and an empty text before the first one.

    Raises:
        ServiceError: MLflow does not answer.
    """
    with context.reachable():
        found = context.client.get_experiment_by_name(context.use_case.experiment)
    number, _, digest = (found.tags if found else {}).get(TAG, "0 ").partition(" ")
    return (int(number), digest) if number.isdecimal() else (0, "")


def fault(context: Context, entries: Sequence[Entry]) -> str | None:
    """Return the contradiction between the anchor and the ledger's entries as a sentence, or None.

    Raises:
        ServiceError: MLflow does not answer.
    """
    number, digest = read(context)
    if number > len(entries):
        return f"Its last entries are missing: entry {number} was written, and the ledger ends with {len(entries)}."
    if number and entries[number - 1].hash != digest:
        return f"Entry {number} is another one than was written: MLflow anchors the hash {digest[:12]}."
    # Entries of older releases, which record no model, were not anchored.
    anchored = sum(entry.model is not None for entry in entries)
    if min(len(entries) - number, anchored) > _BEHIND:
        return f"MLflow's anchor ends with entry {number}, and the ledger with {len(entries)}: the anchor was changed."
    return None


def check(context: Context, entries: Sequence[Entry]) -> None:
    """Compare the ledger's entries with the anchor.

    Raises:
        DataError: they contradict each other: the ledger was changed by other means, or its end was cut off.
        ServiceError: MLflow does not answer.
    """
    if found := fault(context, entries):
        name = context.use_case.name
        raise DataError(
            f"The ledger of {name} is not as it was written: {found} Nothing was changed. Look at it (make history "
            f"USE_CASE={name}), then restore what was written: make repair USE_CASE={name}. Where it can restore "
            f"nothing, make repair USE_CASE={name} ACCEPT=1 keeps what is left, and DROP=1 drops what MLflow does not "
            "know."
        )


def proven(context: Context, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Return the entries without those that the anchor does not know: a chain of forged entries is whole as well.

    Where entries were cut off, or the anchor itself is gone, the ledger is all that is left, and scoring goes on by it.

    Raises:
        DataError: an anchored entry is another one by now.
        ServiceError: MLflow does not answer.
    """
    number, digest = read(context)
    if not 0 < number <= len(entries):
        return entries
    if entries[number - 1].hash != digest:
        check(context, entries)
    return entries if len(entries) - number <= _BEHIND else entries[:number]


def move(context: Context, entries: Sequence[Entry]) -> None:
    """Anchor the newest entry, or that there is none.

    Raises:
        ServiceError: MLflow does not answer.
    """
    value = f"{entries[-1].number} {entries[-1].hash}" if entries else "0 "
    client = context.client
    experiment = experiment_id(context.settings, client, context.use_case.experiment)
    with context.reachable():
        client.set_experiment_tag(experiment, TAG, value)
