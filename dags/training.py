"""Training: learn from what is curated, pass the gates, become the champion."""

from typing import Any

from _shared import TASK_DEFAULTS, run_step, use_cases
from airflow.sdk import DAG, Param, dag, task

from tasks.shared.interval import midnight, parse_interval
from tasks.shared.use_case import UseCase

UNTIL = Param(
    None, type=["null", "string"], description="Use only what was known at the end of this interval, e.g. 2026-01-05"
)


def training(use_case: UseCase) -> DAG:
    """The training DAG of a use case."""
    name = use_case.name

    @task
    def train_model(params: dict[str, Any] | None = None) -> str:
        """Train, judge and register a candidate."""
        from tasks import train_model

        until = (params or {}).get("until")
        moment = parse_interval(until, use_case.unit).end if until else None
        return str(run_step(lambda settings, config: train_model.run(settings, config, moment), name)["version"])

    @task
    def validate_model(version: str) -> str:
        """Run the gates; what they say is kept on the candidate's run."""
        from tasks import validate_model

        run_step(lambda settings, config: validate_model.run(settings, config, version), name)
        return version

    @task
    def deploy_model(version: str) -> dict[str, Any]:
        """Make the candidate the champion, if every gate lets it pass."""
        from tasks import deploy_model

        return run_step(lambda settings, config: deploy_model.run(settings, config, version), name)

    @dag(
        dag_id=f"{name}_training",
        description=f"{use_case.title}: train, validate and deploy a model",
        schedule=None,
        start_date=midnight(use_case.source.start),
        max_active_runs=1,
        default_args=TASK_DEFAULTS,
        params={"until": UNTIL},
        tags=[name, "training"],
    )
    def build() -> None:
        deploy_model(validate_model(train_model()))

    return build()


for each in use_cases():
    globals()[f"{each.name}_training"] = training(each)
