"""Which moments models were trained for, from the training runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluss.registry.names import UNTIL_TAG
from sluss.tracking.client import connect, reachable

if TYPE_CHECKING:
    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase

_NEWEST = 100  # runs that are looked at: many more than any rule counts back


def trained_moments(settings: Settings, use_case: UseCase) -> list[datetime]:
    """The `until` of the trainings that came to an end, in order; those of the newest moments where there are many.

    Raises:
        ServiceError: MLflow does not answer.
    """
    client = connect(settings)
    with reachable(settings):
        experiment = client.get_experiment_by_name(use_case.experiment)
        if experiment is None:
            return []
        runs = client.search_runs(
            [experiment.experiment_id],
            f"attributes.status = 'FINISHED' and tags.`{UNTIL_TAG}` != ''",
            order_by=[f"tags.`{UNTIL_TAG}` DESC"],
            max_results=_NEWEST,
        )
    return sorted({datetime.fromisoformat(run.data.tags[UNTIL_TAG]).astimezone(UTC) for run in runs})
