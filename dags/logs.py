"""Logs: deletes those of tasks that ended long ago, so that they never fill the disk."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from airflow.sdk import dag, task


@task
def remove_old_logs() -> int:
    """Delete the files of Airflow's log folder that are older than `AIRFLOW_KEEP_DAYS`, and count them."""
    from airflow.sdk.configuration import conf

    from sluss.counted import counted
    from sluss.storage.old_files import remove_old_files

    folder, days = Path(conf.get("logging", "base_log_folder")), float(os.environ.get("AIRFLOW_KEEP_DAYS", "90"))
    removed = remove_old_files(folder, days)
    print(f"Removed {counted(removed, 'log file')} older than {days:g} days from {folder}.")
    return removed


@dag(
    dag_id="logs",
    description="Delete old logs of tasks",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["logs"],
)
def build() -> None:
    """The DAG of all use cases."""
    remove_old_logs()


logs = build()
