"""The champion of an interval: the one in production, unless it has learned from that interval or later ones."""

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
    """The version that scores an interval, today or when it is run again later.

    A backfill by a champion that was trained since would judge it on rows it has learned. So it goes back through the
    ledger to the newest version that knows nothing from after the interval's start; where every version knows more,
    to the first of all.

    Raises:
        ModelError: no version is the champion.
        ServiceError: the lake or MLflow does not answer.
    """
    champion = versions.champion(context)
    if _innocent(champion, interval):
        return champion
    # All at once: to ask for one after the other would take as long again for each.
    known = versions.every(context)
    version = champion
    for number in reversed(ledger.standing(ledger.read(lake))):
        version = known.get(number, version)  # a version that was deleted scores nothing any more
        if _innocent(version, interval):
            break
    return version


def _innocent(version: ModelVersion, interval: Interval) -> bool:
    until = version.tags.get(UNTIL_TAG)
    return until is None or datetime.fromisoformat(until) <= interval.start
