"""Addresses in MLflow's and Airflow's pages, at the right place."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from sluss.config.settings import Settings

# MLflow's default view is for language models and hides the runs of a training.
_VIEW = "workflowType=machine_learning"


@dataclass(frozen=True)
class Links:
    """The addresses of pages as a person's browser reaches them; empty texts where there are none."""

    mlflow: str
    airflow: str

    def model(self, name: str) -> str:
        """All versions of a registered model."""
        return f"{self.mlflow}/#/models/{quote(name)}?{_VIEW}"

    def version(self, name: str, number: str) -> str:
        """One version of a registered model."""
        return f"{self.mlflow}/#/models/{quote(name)}/versions/{quote(number)}?{_VIEW}"

    def run(self, experiment: str, run_id: str) -> str:
        """One run of an experiment."""
        return f"{self.mlflow}/#/experiments/{quote(experiment)}/runs/{quote(run_id)}?{_VIEW}"

    def dag(self, dag_id: str) -> str:
        """The runs of a DAG."""
        return f"{self.airflow}/dags/{quote(dag_id)}/runs"

    def form(self, act: str, use_case: str) -> str:
        """The page in Airflow on which a person begins an act."""
        if act in {"approve", "refuse"}:
            return f"{self.airflow}/dags/{quote(use_case)}_deployment/required_actions"
        dag = {"rollback": "rollback", "train": "training", "backfill": "scoring"}.get(act, "alert")
        return f"{self.airflow}/dags/{quote(use_case)}_{dag}"


def of(settings: Settings) -> Links:  # noqa: ARG001 - of every place alike
    """Return the addresses that the place names, by default those of `make up` and `make ui`."""
    mlflow = os.environ.get("SLUSS_MLFLOW_PAGE", "http://localhost:5000")
    airflow = os.environ.get("SLUSS_AIRFLOW_PAGE", "http://localhost:8080")
    return Links(mlflow.rstrip("/"), airflow.rstrip("/"))
