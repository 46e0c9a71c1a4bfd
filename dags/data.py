"""Data: from the warehouse to curated rows. Loads the history that the first model learns from, or any span again."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from _retries import TASK_DEFAULTS
from _shared import announce_curated, announcer, run_for_interval, use_cases
from airflow.sdk import DAG, Param, dag, task

from sluss.interval import midnight

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase


def data(use_case: UseCase) -> DAG:
    """The data DAG of a use case."""
    name = use_case.name
    span = {"start": "{{ params.start }}", "end": "{{ params.end }}"}

    def moments(*days: str) -> list[str]:
        return [midnight(date.fromisoformat(day), use_case.schedule_zone).isoformat() for day in days]

    @task
    def generate_data(start: str, end: str) -> dict[str, Any]:
        """Bring the span's rows and labels into the warehouse."""
        from tasks import generate_data

        return run_for_interval(generate_data.run, name, *moments(start, end))

    @task(outlets=[announcer(name)])
    def curate_data(start: str, end: str) -> dict[str, Any]:
        """Check the span's rows and put the good ones into the lake, the bad ones into quarantine."""
        from tasks import curate_data

        start, end = moments(start, end)
        curated = run_for_interval(curate_data.run, name, start, end)
        announce_curated(name, curated, end)
        return curated

    @dag(
        dag_id=f"{name}_data",
        description=f"{use_case.title}: bring in and curate a span of days, by default the history",
        schedule=None,
        start_date=use_case.history.start,
        max_active_runs=1,
        default_args=TASK_DEFAULTS,
        params={
            "start": Param(use_case.source.start.isoformat(), type="string", format="date", description="First day"),
            "end": Param(
                use_case.live_start.isoformat(), type="string", format="date", description="Day after the last"
            ),
        },
        tags=[name, "data"],
    )
    def build() -> None:
        generate_data(**span) >> curate_data(**span)

    return build()


for each in use_cases():
    globals()[f"{each.name}_data"] = data(each)
