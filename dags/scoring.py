"""Scoring: new data, predictions by the champion, and their monitoring; one run for each interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from _retries import TASK_DEFAULTS
from _shared import (
    announce,
    announce_curated,
    announcer,
    intervals,
    run_for_interval,
    send_news,
    use_cases,
    zone_tags,
)
from airflow.sdk import DAG, dag, task

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase

INTERVAL = {"start": "{{ data_interval_start.isoformat() }}", "end": "{{ data_interval_end.isoformat() }}"}


def mark(use_case: UseCase) -> list[Any]:
    """Return the task that marks the run of an interval that raised a critical alert, if the config wants it."""

    @task
    def critical_alerts(start: str, end: str) -> None:
        """Fail if the interval raised a critical alert, so that its run is red. All other tasks do their work."""
        from tasks import monitor_model

        run_for_interval(monitor_model.fail_if_critical, use_case.name, start, end)

    return [critical_alerts(**INTERVAL)] if use_case.monitoring.critical_fails else []


def scoring(use_case: UseCase) -> DAG:
    """The scoring DAG of a use case."""
    name = use_case.name

    @task(outlets=[announcer(name)])
    def generate_data(start: str, end: str) -> dict[str, Any]:
        """Bring the interval's new rows and labels into the warehouse, and curate them; late ones with their own."""
        from tasks import curate_data, generate_data

        run_for_interval(generate_data.run, name, start, end)
        curated = run_for_interval(curate_data.run, name, start, end)
        run_for_interval(curate_data.late, name, start, end)
        announce_curated(name, curated, end)
        return curated

    @task
    def batch_predict(start: str, end: str) -> dict[str, Any]:
        """Score the interval's curated rows with the champion."""
        from tasks import batch_predict

        return run_for_interval(batch_predict.run, name, start, end)

    @task(outlets=[announcer(name)])
    def monitor_model(start: str, end: str) -> dict[str, Any]:
        """Compare the interval with the champion's reference profile, and judge the labels that have arrived."""
        from tasks import monitor_model

        found = run_for_interval(monitor_model.run_and_warn, name, start, end)
        if found["raised"]:  # an ongoing alert does not trigger another training
            announce(name, "alerts", until=end, raised=found["raised"], sentences=found["news"])
        send_news(name, seconds=20)
        return found

    @task
    def cleanup_old_artifacts(start: str, end: str) -> dict[str, Any]:
        """Delete rows, runs and files that are older than the retention in the config."""
        from tasks import cleanup_old_artifacts

        return run_for_interval(cleanup_old_artifacts.run, name, start, end)

    @task
    def generate_summary(start: str, end: str) -> dict[str, Any]:
        """Write the interval's summary to the monitor's run."""
        from tasks import generate_summary

        return run_for_interval(generate_summary.run, name, start, end)

    @dag(
        dag_id=f"{name}_scoring",
        description=f"{use_case.title}: score and monitor each {use_case.unit}",
        # The log shows a task's return value. No task reads it from XCom, where each would cost a request.
        default_args=TASK_DEFAULTS | {"do_xcom_push": False},
        tags=[name, "scoring", *zone_tags(use_case)],
        **intervals(use_case),
    )
    def build() -> None:
        monitored = monitor_model(**INTERVAL)
        generate_data(**INTERVAL) >> batch_predict(**INTERVAL) >> monitored
        monitored >> [cleanup_old_artifacts(**INTERVAL), generate_summary(**INTERVAL), *mark(use_case)]

    return build()


for each in use_cases():
    globals()[f"{each.name}_scoring"] = scoring(each)
