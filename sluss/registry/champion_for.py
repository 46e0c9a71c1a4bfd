"""The champion of an interval: the version in production, unless it was trained on that interval or later ones."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sluss.registry import ledger, versions
from sluss.registry.names import UNTIL_TAG

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from sluss.context import Context
    from sluss.interval import Interval
    from sluss.storage.lake import Lake


def champion_for(context: Context, lake: Lake, interval: Interval) -> ModelVersion:
    """Return the version that scores an interval, now or in a later backfill.

    A champion that was trained after the interval has learned its rows, and its scores there would flatter it. The
    search therefore goes back through the ledger to the newest version that was trained on nothing after the interval's
    start. If every version was, the first one scores.

    Raises:
        ModelError: no version is the champion.
        ServiceError: the lake or MLflow does not answer.
    """
    champion = versions.champion(context)
    if _trained_before(champion, interval):
        return champion
    # One request for all versions takes as long as one for a single version.
    known = versions.every(context)
    version = champion
    for number in reversed(ledger.standing(ledger.read(lake))):
        version = known.get(number, version)  # skips a version that was deleted from the registry
        if _trained_before(version, interval):
            break
    return version


def _trained_before(version: ModelVersion, interval: Interval) -> bool:
    until = version.tags.get(UNTIL_TAG)
    return until is None or datetime.fromisoformat(until) <= interval.start
