"""What is in production: the ledger decides, the aliases in MLflow follow, a failed smoke prediction leads back."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from sluss.errors import DataError, ModelError
from sluss.registry import ledger
from sluss.registry.ledger import Change, Entry, LedgerMovedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.context import Context
    from sluss.storage.lake import Lake


def settle(context: Context) -> list[Entry]:
    """Finish what the last change of production left to do, and return the entries that stand then.

    The aliases are set to what the ledger says. A promotion is tried by a smoke prediction, once; when that fails, an
    entry `return` brings back the version before. Every deployment starts and ends with this, so one that was killed is
    finished by the next.

    Raises:
        ModelError: the version that the ledger has in production is not registered any more.
        DataError: the ledger was changed by other means.
        ServiceError: the lake or MLflow does not answer.
    """
    from sluss.deployment import smoke

    lake = context.lake
    while True:
        entries = follow(context, lake)
        last = entries[-1] if entries else None
        if last is None or last.action != "promote" or smoke.passed(context, last):
            return entries
        try:
            smoke.predict(context, last)
        except (ModelError, DataError) as error:
            _take_back(lake, entries, f"The smoke prediction failed. {error}")


def follow(context: Context, lake: Lake) -> list[Entry]:
    """Make the aliases say what the ledger says, and return its entries.

    Whoever sets them looks at the ledger once more afterwards: of two at once, the last one to set them has seen the
    newest entry. With an empty ledger the aliases stay as they are.
    """
    entries = ledger.whole(lake)
    while entries:
        _point(context, ledger.standing(entries))
        newer = ledger.whole(lake)
        if len(newer) == len(entries):
            break
        entries = newer
    return entries


def _point(context: Context, standing: Sequence[str]) -> None:
    from sluss.registry import aliases
    from sluss.registry.names import CHAMPION, PREVIOUS

    use_case = context.use_case
    previous, champion = [None, None, *standing][-2:]
    now = aliases.of(context)
    # `previous` first: killed in between, it names the version that is still in production.
    for alias, version in ((PREVIOUS, previous), (CHAMPION, champion)):
        if now.get(alias) == version or aliases.point(context, alias, version):
            continue
        if alias == CHAMPION:
            raise ModelError(
                f"The ledger of {use_case.name} has version {version} in production, but {use_case.model} has no such "
                f"version any more. Go back to the one before: make rollback USE_CASE={use_case.name}."
            )


def _take_back(lake: Lake, entries: Sequence[Entry], reason: str) -> None:
    """An entry `return`, unless somebody else made another one meanwhile."""
    last, before = entries[-1], ledger.standing(entries)[:-1]
    change = Change(
        action="return",
        version=before[-1] if before else None,
        replaced=last.version,
        by=f"smoke prediction after entry {last.number}",
        reason=reason,
        gates={},
    )
    try:
        ledger.append(lake, change, after=len(entries))
    except LedgerMovedError:
        return


def user() -> str:
    """Who runs this process, as the system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as in containers
        return "somebody"
