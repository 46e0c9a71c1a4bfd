"""The moments that models were trained for, from the training runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluss.registry.names import UNTIL_TAG

if TYPE_CHECKING:
    from sluss.context import Context

_NEWEST = 100  # runs that are looked at: many more than any rule counts back


def trained_moments(context: Context) -> list[datetime]:
    """Return the `until` of all finished trainings, in order; of many, those of the newest moments.

    Raises:
        ServiceError: MLflow does not answer.
    """
    client = context.client
    with context.reachable():
        experiment = client.get_experiment_by_name(context.use_case.experiment)
        if experiment is None:
            return []
        # Runs and not versions: to delete a version does not undo its training.
        runs = client.search_runs(
            [experiment.experiment_id],
            f"attributes.status = 'FINISHED' and tags.`{UNTIL_TAG}` != ''",
            order_by=[f"tags.`{UNTIL_TAG}` DESC"],
            max_results=_NEWEST,
        )
    return sorted({datetime.fromisoformat(run.data.tags[UNTIL_TAG]).astimezone(UTC) for run in runs})
