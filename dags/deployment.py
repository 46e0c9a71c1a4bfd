"""Deployment: a candidate passes the gates, a person approves it if the config requires that, and it is promoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from _shared import URGENT, asset, run_task, use_cases
from airflow.sdk import DAG, Param, dag, task
from airflow.sdk.exceptions import AirflowSkipException

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluss.config.use_case import UseCase

VERSION = Param(None, type=["null", "string"], description="Number of the version; by default the newest candidate")
YES, NO = "Approve", "Reject"
QUESTION = """\
{% set checked = ti.xcom_pull(task_ids='validate_model') %}The gates' verdicts on version {{ checked['version'] }}:

{% for gate, verdict in checked['gates'] %}- **{{ gate }}** {{ verdict }}
{% endfor %}"""


def newest_announced(events: Mapping[Any, Any]) -> str | None:
    """Return the newest of the candidates that triggered this run; None for a manual run."""
    announced = [str(event.extra["version"]) for each in events.values() for event in each if "version" in event.extra]
    return max(announced, key=int, default=None)


def approval(use_case: UseCase) -> Any:  # noqa: ANN401 - Airflow's operators have no types
    """Return the task that waits for a person; Airflow shows it under "Required Actions"."""
    from airflow.providers.standard.operators.hitl import HITLOperator

    version = "{{ ti.xcom_pull(task_ids='validate_model')['version'] }}"
    # Not the ApprovalOperator, which leaves no answer behind where a person refuses.
    return HITLOperator(
        task_id="approve",
        subject=f"{use_case.title}: shall version {version} become the champion?",
        body=QUESTION,
        options=[YES, NO],
        params={"reason": Param("", type="string", description="Why; a refusal should have a reason")},
        execution_timeout=None,  # a person may take days
    )


def record_refusal(use_case: str, version: str, person: str, reason: str) -> None:
    """Write on a version that a person refused it, after which it waits for no approval, and skip the deployment."""
    from sluss.deployment.refuse import refuse

    run_task(lambda context: refuse(context, version, reason=reason, by=person), use_case)
    raise AirflowSkipException(f"Version {version} is refused by {person}: {reason}. The champion stays.")


def deployment(use_case: UseCase) -> DAG:
    """The deployment DAG of a use case."""
    name = use_case.name

    @task
    def validate_model(
        params: dict[str, Any] | None = None, triggering_asset_events: Mapping[Any, Any] | None = None
    ) -> dict[str, Any]:
        """Run the gates on the candidate, and record their verdicts on its run. If they refuse it, skip the rest."""
        from tasks import deploy_model

        asked = (params or {}).get("version")
        version = asked or newest_announced(triggering_asset_events or {})
        checked = run_task(lambda context: deploy_model.check(context, version, announced=not asked), name)
        # As a list: Postgres does not keep the order of a mapping's keys, in which the approval shows them.
        return checked | {"gates": [list(pair) for pair in checked["gates"].items()]}

    @task
    def deploy_model(
        checked: dict[str, Any], answer: dict[str, Any] | None = None, run_id: str | None = None
    ) -> dict[str, Any]:
        """Make the candidate the champion, and test it with a smoke prediction; or record that a person refused it."""
        from sluss.deployment.deploy import Checked
        from tasks import deploy_model

        person = ((answer or {}).get("responded_by_user") or {}).get("name")
        remark = ((answer or {}).get("params_input") or {}).get("reason")
        if answer and answer["chosen_options"] != [YES]:
            record_refusal(name, checked["version"], person or "unknown", remark or "no reason given")
        by = f"{person}, who approved it in Airflow" if person else f"Airflow, run {run_id}"
        by += f" ({remark})" if remark else ""
        given = Checked(**checked | {"gates": dict(checked["gates"])})
        return run_task(lambda context: deploy_model.run(context, by=by, checked=given), name)

    @dag(
        dag_id=f"{name}_deployment",
        description=f"{use_case.title}: let a candidate through the gates and into production",
        schedule=asset(name, "candidates"),
        start_date=use_case.history.start,
        max_active_runs=1,
        default_args=URGENT,
        params={"version": VERSION},
        tags=[name, "deployment"],
    )
    def build() -> None:
        checked = validate_model()
        if use_case.deployment.approval == "manual":
            approve = approval(use_case)
            checked >> approve
            deploy_model(checked, approve.output)
        else:
            deploy_model(checked)

    return build()


for each in use_cases():
    globals()[f"{each.name}_deployment"] = deployment(each)
