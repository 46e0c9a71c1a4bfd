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
    """Return the version that scores an interval: the first one of `champions_for`."""
    return champions_for(context, interval)[0]


def champions_for(context: Context, interval: Interval) -> list[ModelVersion]:
    """Return the versions that may score an interval, now or in a later backfill, the best first, the champion last.

    A champion that was trained after the interval has learned its rows, and its scores there would flatter it. The
    search therefore goes back through the ledger to the newest version that was trained on nothing after the interval's
    start. If every version was, the first one scores.

    The others stand in for one whose artifacts are lost, as the first version does where every one has learned the
    interval: scores that flatter are better than an interval that can never be scored. The predictions name the version
    in each row. `score_interval` lets no stand-in replace the predictions of a version that is lost.

    Raises:
        ModelError: no version is the champion, or the config gives its scores another meaning.
        DataError: the ledger was changed by other means.
        ServiceError: the lake or MLflow does not answer.
    """
    entries = anchor.proven(context, ledger.read_verified(context.lake))
    found = [champion(context, entries)]
    for number in reversed(ledger.standing(entries)[:-1]):
        if _trained_before(found[0], interval):
            break
        # Versions of an older release's entries may have been deleted from the registry.
        with suppress(ModelError):
            found.insert(0, in_ledger(context, entries, number))
    for version in found:
        entry = ledger.entry_of(entries, version.version)
        check_contract(context.use_case, entry.contract if entry else {}, version.version)
    return found


def _trained_before(version: ModelVersion, interval: Interval) -> bool:
    until = version.tags.get(UNTIL_TAG)
    return until is None or datetime.fromisoformat(until) <= interval.start
