"""Airflow's public REST API, as a person uses it who has logged in: Airflow decides what the person may do."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from sluss.counted import counted
from sluss.errors import ServiceError, SlussError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAY_NOT = "Airflow gives your account no right to do that: its role can read, and not act."
_POLL = 0.2  # seconds
_ENDED = {"success", "failed"}
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _CONFLICT = 401, 403, 404, 409


class NotAllowedError(SlussError):
    """A person's account has no right to do something."""


class AirflowError(SlussError):
    """Airflow refuses a request, with its reason."""


@dataclass(frozen=True)
class Question:
    """An approval that waits for a person: the run of the deployment and the version that it is about."""

    run: str
    version: str


class Airflow:
    """Airflow's web server. Every request but the login carries a person's own token."""

    def __init__(self, address: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.address = address.rstrip("/")
        # What the environment says about proxies is for the way out, and this server is in the stack.
        self._http = httpx.AsyncClient(base_url=self.address, timeout=20, trust_env=False, transport=transport)

    async def token(self, name: str, password: str) -> str | None:
        """Return a token for a name and password, or None if they do not belong together."""
        answer = await self._send("POST", "/auth/token", json={"username": name, "password": password})
        # An empty name or password is a malformed request for Airflow.
        if answer.status_code in {400, _UNAUTHORIZED, 422}:
            return None
        self._check(answer)
        return str(answer.json()["access_token"])

    async def forget(self, token: str) -> None:
        """Make a token worthless."""
        with suppress(ServiceError):
            await self._send("GET", "/api/v2/auth/logout", token)

    async def may_read(self, token: str) -> bool:
        """Whether the account behind a token may read DAGs."""
        answer = await self._send("GET", "/api/v2/dags", token, params={"limit": 1})
        if answer.status_code not in {_UNAUTHORIZED, _FORBIDDEN}:
            self._check(answer)
        return answer.is_success

    async def may_act(self, token: str, dag: str) -> bool:
        """Whether the account may start runs of a DAG: a dry run without dates, which Airflow refuses in any case.

        It checks rights first, and leaves no trace in its audit log.
        """
        answer = await self._send("POST", "/api/v2/backfills/dry_run", token, json={"dag_id": dag})
        return answer.status_code in {_NOT_FOUND, 422}

    async def start(self, token: str, dag: str, conf: Mapping[str, Any], note: str = "") -> str:
        """Start a run, and return its id."""
        body = {"logical_date": None, "conf": dict(conf), "note": note[:1000] or None}
        return str((await self._json("POST", f"/dags/{quote(dag)}/dagRuns", token, body))["dag_run_id"])

    async def wait(self, token: str, dag: str, run: str, seconds: float = 600) -> bool:
        """Wait for the end of a run, and return whether it succeeded."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            state = (await self._json("GET", f"/dags/{quote(dag)}/dagRuns/{quote(run)}", token))["state"]
            if state in _ENDED:
                return bool(state == "success")
            await asyncio.sleep(_POLL)
        spent = counted(round(seconds), "second")
        raise ServiceError(f"The run {run} of {dag} goes on for more than {spent}: look at it in Airflow.")

    async def left(self, token: str, dag: str, run: str, task: str, key: str = "return_value") -> Any:  # noqa: ANN401
        """Return a value that a task left behind, or None."""
        path = f"/dags/{quote(dag)}/dagRuns/{quote(run)}/taskInstances/{quote(task)}/xcomEntries/{key}"
        answer = await self._send("GET", f"/api/v2{path}", token, params={"deserialize": "false", "stringify": "false"})
        if answer.status_code == _NOT_FOUND:
            return None
        self._check(answer)
        return answer.json()["value"]

    async def question(self, token: str, dag: str) -> Question | None:
        """Return the approval of a deployment that waits for a person, if there is one."""
        path = f"/dags/{quote(dag)}/dagRuns/~/hitlDetails?response_received=false&state=awaiting_input"
        for found in (await self._json("GET", path, token))["hitl_details"]:
            run = str(found["task_instance"]["dag_run_id"])
            checked = await self.left(token, dag, run, "validate_model")
            if checked:
                return Question(run, str(checked["version"]))
        return None

    async def answer(self, token: str, dag: str, run: str, choice: str, given: Mapping[str, str]) -> None:
        """Answer the question of a run."""
        path = f"/dags/{quote(dag)}/dagRuns/{quote(run)}/taskInstances/approve/-1/hitlDetails"
        await self._json("PATCH", path, token, {"chosen_options": [choice], "params_input": dict(given)})

    async def backfill(self, token: str, dag: str, first: str, last: str) -> int:
        """Run a DAG for a span of its intervals, also those that have run, one after the other."""
        span = {"dag_id": dag, "from_date": first, "to_date": last}
        how = {"reprocess_behavior": "completed", "max_active_runs": 1}
        return int((await self._json("POST", "/backfills", token, span | how))["id"])

    async def _json(self, method: str, path: str, token: str, body: Any = None) -> Any:  # noqa: ANN401 - of JSON
        answer = await self._send(method, f"/api/v2{path}", token, json=body)
        self._check(answer)
        return answer.json()

    async def _send(self, method: str, path: str, token: str = "", **given: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            return await self._http.request(method, path, headers=headers, **given)
        except httpx.HTTPError as error:
            raise ServiceError(f"Airflow does not answer at {self.address} ({type(error).__name__}): make ps") from None

    def _check(self, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        if answer.status_code == _UNAUTHORIZED:
            raise NotAllowedError("Your login has ended in Airflow: log out, and log in again.")
        if answer.status_code == _FORBIDDEN:
            raise NotAllowedError(MAY_NOT)
        if answer.status_code >= 500:
            raise ServiceError(f"Airflow at {self.address} fails with {answer.status_code}: make logs")
        raise AirflowError(f"Airflow refuses that: {_reason(answer)}")


def _reason(answer: httpx.Response) -> str:
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"
    if isinstance(detail, list) and detail:
        detail = "; ".join(str(each.get("msg", each)) if isinstance(each, dict) else str(each) for each in detail)
    return str(detail)[:500]
