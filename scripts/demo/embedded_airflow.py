"""Airflow without services: its home, its SQLite database and its settings, all below Sluss' own folder."""

from __future__ import annotations

import os
from pathlib import Path

from sluss.config.settings import ROOT, Settings


def environment(settings: Settings) -> dict[str, str]:
    """The variables that make Airflow and MLflow work on this machine alone. Airflow reads them when it is imported."""
    home = settings.home.resolve() / "airflow"
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "services" / "airflow" / "plugins" / "runs"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        # Only the machine's own user reaches the loopback address, so Airflow asks for no login.
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "MLFLOW_TRACKING_URI": settings.mlflow_uri,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
        # Two threads of one matrix product wait for each other on a busy machine longer than they work.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
        "PYTHONWARNINGS": "ignore",
        "_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1",
    }


def enter(settings: Settings) -> None:
    """Set those variables for this process and what it starts; call it before Airflow is imported."""
    variables = environment(settings)
    Path(variables["AIRFLOW_HOME"]).mkdir(parents=True, exist_ok=True)
    os.environ.update(variables)


def prepare_databases(settings: Settings) -> None:
    """Create or migrate Airflow's and MLflow's SQLite databases."""
    from airflow.utils.db import initdb, upgradedb
    from mlflow import MlflowClient

    initdb() if not (settings.home / "airflow" / "airflow.db").exists() else upgradedb()
    MlflowClient(tracking_uri=settings.mlflow_uri).search_experiments(max_results=1)


def started_by_news() -> dict[str, dict[str, str]]:
    """The DAGs whose assets have had news since the last call, with the facts of the newest events.

    In `dag.test()` Airflow records the events and fills the queue, but no scheduler runs that would empty it.
    """
    from airflow.models.asset import AssetDagRunQueue, AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import select

    found: dict[str, dict[str, str]] = {}
    with create_session() as session:
        for waiting in session.scalars(select(AssetDagRunQueue)).all():
            events = select(AssetEvent).where(AssetEvent.asset_id == waiting.asset_id)
            newest = session.scalars(events.order_by(AssetEvent.id.desc()).limit(1)).one()
            found.setdefault(waiting.target_dag_id, {}).update(newest.extra)
            session.delete(waiting)
    return found
