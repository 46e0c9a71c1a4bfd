"""Training: on new rows, labels or alerts, decide whether to train; train and announce a candidate."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from _shared import LAST, URGENT, announce, announcer, asset, moment, newest_fact, run_task, use_cases
from airflow.sdk import DAG, Param, dag, get_current_context, task

from sluss.interval import parse_interval

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase

PARAMS = {
    "until": Param(
        None,
        type=["null", "string"],
        description="Use only rows and labels that were known at the end of this interval, e.g. 2026-01-05",
    ),
    "force": Param(default=False, type="boolean", description="Train regardless of the rules under `retraining`"),
}
UNTIL = "{{ ti.xcom_pull('decide_training', key='until') }}"


def training(use_case: UseCase) -> DAG:
    """The training DAG of a use case."""
    name = use_case.name

    @task.short_circuit
    def decide_training(params: dict[str, Any] | None = None) -> bool:
        """Apply the rules as of the newest event; the reason is this task's XCom `reason`."""
        from tasks import decide_training

        asked, force = (params or {}).get("until"), bool((params or {}).get("force"))
        until = parse_interval(asked, use_case.unit).end if asked else moment(newest_fact("until"))
        decision = run_task(lambda context: decide_training.run(context, until, force=force), name)
        ti = get_current_context()["ti"]
        ti.xcom_push("reason", decision["reason"])
        ti.xcom_push("until", decision["until"])
        return bool(decision["train"])

    @task(outlets=[announcer(name)])
    def train_model(until: str) -> str:
        """Train, judge and register a candidate."""
        from tasks import train_model

        trained = run_task(lambda context: train_model.run(context, moment(until)), name)
        announce(name, "candidates", version=trained["version"])
        return str(trained["version"])

    @task(priority_weight=LAST)
    def plot_model(version: str) -> dict[str, Any]:
        """Draw the plots of the candidate and log them to its run. The deployment does not wait for them."""
        from tasks import plot_model

        os.nice(19)  # the gates run at the same time, and production waits for them
        return run_task(lambda context: plot_model.run(context, version), name)

    @dag(
        dag_id=f"{name}_training",
        description=f"{use_case.title}: decide whether to train, and train a model",
        schedule=asset(name, "curated") | asset(name, "labels") | asset(name, "alerts"),
        start_date=use_case.history.start,
        max_active_runs=1,
        default_args=URGENT,
        params=PARAMS,
        tags=[name, "training"],
    )
    def build() -> None:
        candidate = train_model(UNTIL)
        decide_training() >> candidate
        plot_model(candidate)

    return build()


for each in use_cases():
    globals()[f"{each.name}_training"] = training(each)
