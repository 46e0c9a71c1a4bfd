"""Alert: a person takes an alert, silences it, comments on it, opens it again or closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from _acts import NOW, act, person
from _shared import use_cases
from airflow.sdk import DAG, Param, dag, task

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase

PARAMS = {
    "action": Param("acknowledge", type="string", enum=["acknowledge", "silence", "comment", "reopen", "close"]),
    "alert": Param("", type="string", minLength=1, description="Id of the alert, as `make alerts` shows it"),
    "until": Param("", type="string", description="Of a silence: 3d, 12h, or a day or time such as 2026-12-01T08:00"),
    "reason": Param("", type="string", description="Why, for the history of the alert; a silence must have one"),
}


def alert(use_case: UseCase) -> DAG:
    """The alert DAG of a use case."""
    name = use_case.name

    @task
    def change_alert(params: dict[str, Any] | None = None) -> str:
        """Write the action to the history of the alert, with the name of the person who started this run."""
        from sluss.alerting.asked import Asked, carry_out

        asked = Asked(**(params or {}), by=person())
        return act(lambda context: carry_out(context, asked), name, lambda done: str(done["sentence"]))

    @dag(
        dag_id=f"{name}_alert",
        description=f"{use_case.title}: take an alert, silence it, comment on it, open it again or close it",
        schedule=None,
        start_date=use_case.history.start,
        default_args=NOW,
        params=PARAMS,
        tags=[name, "alert"],
    )
    def build() -> None:
        change_alert()

    return build()


for each in use_cases():
    globals()[f"{each.name}_alert"] = alert(each)
