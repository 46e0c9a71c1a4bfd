"""The nightly drill: mistakes made on purpose, in a copy of a use case's stores. A silent lock raises an alert."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from _retries import TASK_DEFAULTS
from _shared import LAST, run_task, use_cases
from airflow.sdk import DAG, dag, task

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase

FIRST_HOUR, MINUTES = 2, 15  # the drills of several use cases begin one after the other


def drill(use_case: UseCase, place: int) -> DAG:
    """The drill DAG of a use case, the n-th of all."""
    hour, minute = divmod(MINUTES * place, 60)

    # It waits for no one: when tasks wait for a free worker, all others start first.
    @task(priority_weight=LAST, execution_timeout=timedelta(hours=2))
    def run_drill() -> dict[str, Any]:
        """Make every mistake that applies, and fail with the names of those that no lock refused."""
        from tasks import run_drill

        return run_task(run_drill.nightly, use_case.name)

    @dag(
        dag_id=f"{use_case.name}_drill",
        description=f"{use_case.title}: try every lock with mistakes made on purpose",
        schedule=f"{minute} {(FIRST_HOUR + hour) % 24} * * *",
        catchup=False,
        max_active_runs=1,
        default_args=TASK_DEFAULTS,
        tags=[use_case.name, "drill"],
    )
    def build() -> None:
        run_drill()

    return build()


for number, each in enumerate(use_cases()):
    globals()[f"{each.name}_drill"] = drill(each, number)
