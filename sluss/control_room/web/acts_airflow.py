"""The hands of the stack: a run in Airflow for each act, which the person's own token starts.

The control room itself cannot write anything. Airflow decides who may act, and knows the name; the run's task writes it
to the ledger or to the alert's history.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from sluss.control_room.web import links
from sluss.control_room.web.acts import Done, Order
from sluss.control_room.web.acts_here import ALERT_ACTS
from sluss.control_room.web.airflow import AirflowError
from sluss.interval import span_of_days
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from sluss.config.settings import Settings
    from sluss.control_room.web.airflow import Airflow

_TASKS = {"rollback": "roll_back", "alert": "change_alert"}  # by the DAG's name


class HandsInAirflow:
    """Acts through Airflow's REST API."""

    def __init__(self, airflow: Airflow, settings: Settings) -> None:
        self._airflow, self._links = airflow, links.of(settings)
        self._config_dir = settings.config_dir

    async def do(self, order: Order) -> Done:
        """Carry out an order."""
        if order.kind in ALERT_ACTS:
            names = ("alert", "until", "reason")
            conf = {"action": order.kind} | {name: order.of(name) for name in names if order.of(name)}
            return await self._run(order, "alert", conf)
        if order.kind == "rollback":
            return await self._run(order, "rollback", {"version": order.of("version"), "reason": order.of("reason")})
        if order.kind == "train":
            return await self._train(order)
        if order.kind == "backfill":
            return await self._backfill(order)
        return await self._answer(order)

    async def _run(self, order: Order, what: str, conf: dict[str, str]) -> Done:
        """Run the DAG of an act to its end; its task leaves a sentence in any case."""
        dag, token = f"{order.use_case}_{what}", order.person.token
        run = await self._airflow.start(token, dag, conf, order.of("reason"))
        succeeded = await self._airflow.wait(token, dag, run)
        sentence = await self._airflow.left(token, dag, run, _TASKS[what], "sentence")
        if not succeeded:
            raise AirflowError(sentence or f"The run {run} of {dag} failed: its log in Airflow shows why.")
        return Done(str(sentence), self._link(dag, run))

    async def _train(self, order: Order) -> Done:
        dag = f"{order.use_case}_training"
        run = await self._airflow.start(order.person.token, dag, {"force": True}, order.of("reason"))
        return Done("The training is queued, and its candidate goes to the gates by itself.", self._link(dag, run))

    async def _backfill(self, order: Order) -> Done:
        dag = f"{order.use_case}_scoring"
        first, last = order.of("first"), order.of("last")
        use_case = load_use_case(order.use_case, self._config_dir)
        span = span_of_days(first, last, use_case.schedule_zone)
        # Airflow takes the intervals that begin at the last moment, too.
        ends = (span.start, span.end - timedelta(seconds=1))
        await self._airflow.backfill(order.person.token, dag, *(moment.isoformat() for moment in ends))
        return Done(f"The intervals from {first} to {last} are queued, one after the other.", self._links.dag(dag))

    async def _answer(self, order: Order) -> Done:
        """Answer the question of the deployment that waits."""
        dag, token, version = f"{order.use_case}_deployment", order.person.token, order.of("version")
        question = await self._airflow.question(token, dag)
        if question is None or question.version != version:
            other = f"version {question.version}" if question else "no version"
            raise AirflowError(f"In Airflow, {other} waits for approval, and not version {version}. Look again.")
        approves = order.kind == "approve"
        given = {"reason": order.of("reason")}
        await self._airflow.answer(token, dag, question.run, "Approve" if approves else "Reject", given)
        succeeded = await self._airflow.wait(token, dag, question.run)
        if not succeeded or (approves and not await self._airflow.left(token, dag, question.run, "deploy_model")):
            raise AirflowError(f"Version {version} was not deployed: the log of the run {question.run} shows why.")
        sentence = f"Version {version} is the champion." if approves else f"Version {version} is refused."
        return Done(sentence, self._link(dag, question.run))

    def _link(self, dag: str, run: str) -> str:
        return f"{self._links.airflow}/dags/{quote(dag)}/runs/{quote(run)}"
