"""Alerts: sends the news that a receiver did not take at once, and the summary of a backfill, for all use cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from _shared import send_all_news
from airflow.sdk import dag, task


@task(execution_timeout=timedelta(minutes=10), do_xcom_push=False)
def send_alerts() -> None:
    """Send what is due, use case by use case."""
    send_all_news(seconds=60)


@dag(
    dag_id="alerts",
    description="Send the news of alerts that wait: receivers were down, or a backfill is over",
    schedule="*/5 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["alerts"],
)
def build() -> None:
    """The DAG of all use cases."""
    send_alerts()


alerts = build()
