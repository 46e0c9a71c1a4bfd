"""The champion of an interval: the version in production, unless it was trained on that interval or later ones."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from sluss.errors import ModelError
from sluss.registry import anchor, ledger
from sluss.registry.champion import champion, in_ledger
from sluss.registry.contract import check_contract
from sluss.registry.names import UNTIL_TAG

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from sluss.context import Context
    from sluss.interval import Interval


def champion_for(context: Context, interval: Interval) -> ModelVersion:
    """Return the version that scores an interval, now or in a later backfill.

    A champion that was trained after the interval has learned its rows, and its scores there would flatter it. The
    search therefore goes back through the ledger to the newest version that was trained on nothing after the interval's
    start. If every version was, the first one scores.

    Raises:
        ModelError: no version is the champion, or the config gives its scores another meaning.
        DataError: the ledger was changed by other means.
        ServiceError: the lake or MLflow does not answer.
    """
    entries = anchor.proven(context, ledger.read_verified(context.lake))
    version = champion(context, entries)
    for number in reversed(ledger.standing(entries)[:-1]):
        if _trained_before(version, interval):
            break
        # Versions of an older release's entries may have been deleted from the registry.
        with suppress(ModelError):
            version = in_ledger(context, entries, number)
    chosen = ledger.entry_of(entries, version.version)
    check_contract(context.use_case, chosen.contract if chosen else {}, version.version)
    return version


def _trained_before(version: ModelVersion, interval: Interval) -> bool:
    until = version.tags.get(UNTIL_TAG)
    return until is None or datetime.fromisoformat(until) <= interval.start
