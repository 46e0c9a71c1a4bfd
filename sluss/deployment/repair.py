"""Mend contradictions between the stores: the ledger is restored, and the validated model registered again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.deployment.production import follow, user
from sluss.deployment.register_again import register_again
from sluss.deployment.restore_deleted import restore_deleted
from sluss.deployment.restore_ledger import restore_ledger
from sluss.errors import ConfigError, LostModelError
from sluss.registry import anchor, artifacts, ledger
from sluss.registry.champion import current
from sluss.registry.entry import Change, clock_faults
from sluss.registry.mismatch import mismatches

if TYPE_CHECKING:
    from sluss.context import Context


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
    done = restore_deleted(context) + restore_ledger(context, accept=accept, drop=drop)
    done += _accept_lost_tables(context) if accept else []
    entries = ledger.read_verified(context.lake)
    anchor.move(context, entries)
    done += register_again(context, entries, by or user())
    done += _accept_clocks(context, by or user()) if accept else []
    follow(context, context.lake)
    left = [*mismatches(context, ledger.read(context.lake)), *_lost_artifacts(context)]
    if before and not done and len(left) < len(before):
        done.append("MLflow's aliases and the anchor follow the ledger again.")
    return Repair(tuple(done), tuple(left))


def _lost_artifacts(context: Context) -> list[str]:
    """Return the sentence for a champion that no copy can be loaded of: only a person has another one."""
    champion = current(context)
    try:
        if champion is not None:
            artifacts.local_copy(context.settings, champion)
    except LostModelError as error:
        return [str(error)]
    return []


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
