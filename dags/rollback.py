"""Rollback: a person takes the champion out of production, and the version before it is back at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from _acts import NOW, act, person
from _shared import use_cases
from airflow.sdk import DAG, Param, dag, task

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase

PARAMS = {
    "version": Param(
        None,
        type=["null", "string"],
        pattern="^[1-9][0-9]*$",
        description="Number of the version to take out; by default the one in production",
    ),
    "reason": Param("", type="string", minLength=1, description="Why, for the ledger"),
}


def rollback(use_case: UseCase) -> DAG:
    """The rollback DAG of a use case."""
    name = use_case.name

    @task
    def roll_back(params: dict[str, Any] | None = None) -> str:
        """Restore the version before the champion. The gates do not run: it was in production."""
        from tasks import rollback_model

        asked, by = params or {}, person()
        return act(
            lambda context: rollback_model.run(context, asked.get("version"), reason=asked["reason"], by=by),
            name,
            lambda done: (
                f"Version {done['version']} is the champion{' again' if done['changed'] else ', as it was before'} "
                f"(entry {done['entry']} of the ledger)."
            ),
        )

    @dag(
        dag_id=f"{name}_rollback",
        description=f"{use_case.title}: put the version before the champion back into production, with a reason",
        schedule=None,
        start_date=use_case.history.start,
        max_active_runs=1,
        default_args=NOW,
        params=PARAMS,
        tags=[name, "rollback"],
    )
    def build() -> None:
        roll_back()

    return build()


for each in use_cases():
    globals()[f"{each.name}_rollback"] = rollback(each)
