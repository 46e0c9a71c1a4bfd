"""The registered versions of a use case, and the runs that made them, as MLflow has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.deployment.restore_ledger import cure
from sluss.lineage import version_record
from sluss.registry import artifacts, ledger
from sluss.registry.champion import in_ledger
from sluss.registry.mismatch import mismatches
from sluss.registry.names import REFUSED_TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow.entities.model_registry import ModelVersion

    from sluss.context import Context
    from sluss.lineage.version_record import Provenance
    from sluss.registry.entry import Entry


@dataclass(frozen=True)
class Registered:
    """All versions, the oldest first, and the contradictions between MLflow and the ledger, a sentence each."""

    versions: tuple[Provenance, ...] = ()
    mismatches: tuple[str, ...] = ()
    cure: str = ""  # the sentence that mends them
    lost: str = ""  # a sentence where the store does not have the champion's artifacts
    has_copy: bool = True  # whether this place has a local copy of them

    @property
    def agrees(self) -> bool:
        """Whether MLflow was read, and agrees with the ledger."""
        return bool(self.versions) and not self.mismatches

    def of(self, number: str) -> Provenance | None:
        """Return the version with that number."""
        return next((each for each in self.versions if each.version == number), None)


def read_registered(context: Context, entries: Sequence[Entry]) -> Registered:
    """Read the versions, and compare the registry with the ledger.

    Raises:
        ServiceError: MLflow does not answer.
    """
    number = ledger.in_production(entries)
    champion = None if number is None else in_ledger(context, entries, number)
    lost = "" if champion is None else _lost(context, champion)
    found = tuple(_mismatches(context, entries))
    return Registered(
        tuple(version_record.of_all(context)),
        found,
        cure(context, ledger.read(context.lake), found) if found else "",
        lost,
        has_copy=champion is None or not lost or artifacts.has_copy(context.settings, champion),
    )


def _mismatches(context: Context, entries: Sequence[Entry]) -> list[str]:
    """Compare the registry with the ledger; again with its newest entries, if a deployment came in between."""
    found = mismatches(context, entries)
    return mismatches(context, ledger.read(context.lake)) if found else []


def _lost(context: Context, champion: ModelVersion) -> str:
    """Return the sentence for artifacts that the store does not have as they were validated; empty if it does.

    Only a store of this machine is read: for another, every load checks the content.
    """
    fault = ""
    if not artifacts.is_stored(context, champion):
        fault = "are gone from the store"
    elif (folder := artifacts.store_of(context, champion)) and not artifacts.has_digest(folder, champion):
        fault = "were changed in the store"
    if not fault:
        return ""
    return (
        f"The artifacts of the champion, version {champion.version}, {fault} ({champion.source}): only a local copy "
        "can score. Restore the artifact store from a backup, or train a successor."
    )


def refused_newest(entries: Sequence[Entry], registered: Registered) -> Provenance | None:
    """Return the newest version, if a gate refused it and it was never in production."""
    newest = registered.versions[-1] if registered.versions else None
    if newest is None or not newest.refusals:
        return None
    return None if ledger.entry_of(entries, newest.version, newest.run_id) else newest


def awaiting_approval(entries: Sequence[Entry], registered: Registered) -> Provenance | None:
    """Return the newest version, if every gate has passed it, no person refused it, and it was never in production."""
    newest = registered.versions[-1] if registered.versions else None
    if newest is None or not newest.gates or newest.refusals or REFUSED_TAG in newest.tags:
        return None
    return None if ledger.entry_of(entries, newest.version, newest.run_id) else newest
