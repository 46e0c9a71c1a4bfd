"""The version in production: the ledger decides, MLflow's aliases follow, a failed smoke prediction reverts.

A deployment is three writes to three stores: an entry in the ledger, the aliases, the mark of the smoke prediction. It
can be killed after each of them. No write is therefore done from memory: `settle` derives the missing ones from the
ledger, and every deployment and rollback begins and ends with it.
"""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from sluss.deployment import smoke
from sluss.errors import DataError, ModelError
from sluss.registry import aliases, anchor, ledger
from sluss.registry.entry import Change, Entry
from sluss.registry.ledger import LedgerMovedError
from sluss.registry.mismatch import not_the_champion, registered_differently
from sluss.registry.names import CHAMPION, PREVIOUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.context import Context
    from sluss.storage.lake import Lake


def settle(context: Context) -> list[Entry]:
    """Finish the newest change in the ledger, and return the entries as they are then.

    Sets the aliases to the ledger's versions, and tries a promotion once by a smoke prediction. If that fails, it
    writes an entry `return`, which puts the previous version back into production.

    Raises:
        ModelError: MLflow or the config has another model than the one that the ledger has in production.
        DataError: the ledger was changed by other means.
        ServiceError: the lake or MLflow does not answer.
    """

    lake = context.lake
    while True:
        entries = follow(context, lake)
        last = entries[-1] if entries else None
        # Only the newest entry matters: an earlier promotion was tried before, or has been replaced.
        if last is None or last.action != "promote" or smoke.passed(context, last):
            return entries
        try:
            smoke.predict(context, last)
        # Not ServiceError: if MLflow or the lake does not answer, that says nothing about the model, and the next call
        # of `settle` tries again.
        except (ModelError, DataError) as error:
            _take_back(lake, entries, f"The smoke prediction failed. {error}")


def follow(context: Context, lake: Lake) -> list[Entry]:
    """Set the aliases to the ledger's versions, and return its entries. An empty ledger leaves the aliases unchanged.

    It reads the ledger again after setting them, until nothing was added: of two processes that set them at once, the
    last one has thus seen the newest entry.
    """
    entries = verified(context, lake)
    while entries:
        anchor.move(context, entries)  # first: an alias that cannot be set must not leave it behind
        _point(context, entries)
        newer = ledger.read_verified(lake)
        if len(newer) == len(entries):
            break
        entries = newer
    return entries


def verified(context: Context, lake: Lake) -> list[Entry]:
    """Read the ledger, and verify its chain and its end.

    Raises:
        DataError: the ledger was changed by other means, or its end was cut off.
        ServiceError: the lake or MLflow does not answer.
    """
    entries = ledger.read_verified(lake)
    anchor.check(context, entries)
    return entries


def _point(context: Context, entries: Sequence[Entry]) -> None:

    previous, champion = [None, None, *ledger.standing(entries)][-2:]
    if champion and (different := not_the_champion(context, champion, entries[-1].model)):
        raise _lost(context, different)
    before = ledger.entry_of(entries, previous) if previous else None
    # A predecessor that MLflow has lost or replaced is still known to the ledger; the alias must not name another.
    if before and before.model and registered_differently(context, str(previous), before.model.digest):
        previous = None
    now = aliases.of(context)
    # `previous` first: killed in between, both aliases name the version that is still in production. In the other order
    # `previous` would name a version from before that, which is wrong for either champion.
    for alias, version in ((PREVIOUS, previous), (CHAMPION, champion)):
        if now.get(alias) != version and not aliases.point(context, alias, version) and alias == CHAMPION:
            raise _lost(context, f"MLflow has no version {version} of {context.use_case.model} any more.")


def _lost(context: Context, why: str) -> ModelError:
    return ModelError(
        f"{why} The ledger's model goes on scoring. Register it again as it was validated: "
        f"make repair USE_CASE={context.use_case.name}."
    )


def _take_back(lake: Lake, entries: Sequence[Entry], reason: str) -> None:
    """Write an entry `return`, unless another process has changed the champion meanwhile."""
    last, before = entries[-1], ledger.standing(entries)[:-1]
    back = ledger.entry_of(entries, before[-1]) if before else None
    change = Change(
        action="return",
        version=before[-1] if before else None,
        model=back.model if back else None,
        contract=back.contract if back else {},
        replaced=last.version,
        by=f"smoke prediction after entry {last.number}",
        reason=reason,
        gates={},
    )
    try:
        ledger.append(lake, change, after=len(entries))
    # The newer entry decides, and `settle` continues with it.
    except LedgerMovedError:
        return


def user() -> str:
    """Return the name of the user who runs this process, or `unknown`."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a numeric user id without a name, as in containers
        return "unknown"
