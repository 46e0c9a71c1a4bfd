"""Airflow's REST API of the stack, as its administrator: the standard library alone."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from sluss.counted import counted
from sluss.stack import pages
from sluss.stack.error import StackError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, tzinfo

ANSWER_WITHIN = 60  # seconds; creating the runs of years takes some
_ZONE_TAG = "zone:"  # dags/_shared.py: of a scoring DAG whose schedule is in another zone than UTC
_LOST, _CREATED, _REFUSED, _MISSING, _RUNNING, _AWAY = 0, 200, 401, 404, 409, 502


class Airflow:
    """A connection, with the login of `.env`."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.page = pages.page(values, "airflow")
        self._login = {"username": values["AIRFLOW_ADMIN_USER"], "password": values["AIRFLOW_ADMIN_PASSWORD"]}
        # By number, since a proxy or a name server has no part in this.
        by_tls = bool(pages.domain(values))
        port = (values.get("TLS_PORT") or pages.HTTPS) if by_tls else values["AIRFLOW_PORT"]
        self._address = f"{'https' if by_tls else 'http'}://127.0.0.1:{port}"
        self._host = {"Host": urlsplit(self.page).netloc} if by_tls else {}
        trust = [urllib.request.HTTPSHandler(context=pages.trust())] if by_tls else []
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({}), *trust).open

    def ask(self, path: str, body: Mapping[str, Any] | None = None, token: str = "") -> tuple[int, Any]:
        """Ask, or send JSON; return the status and the answer. Status 0: nothing answered."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        headers |= self._host
        address, content = f"{self._address}/{path}", None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, content, headers)  # noqa: S310 - http, see above
        try:
            with self._open(request, timeout=ANSWER_WITHIN) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, _content(error.read())
        except (OSError, ValueError) as error:
            return _LOST, {"detail": str(error)}

    def token(self) -> str:
        """Log in.

        Raises:
            StackError: Airflow does not answer, or refuses the login.
        """
        status, answer = self.ask("auth/token", self._login)
        if status in {_LOST, _AWAY}:  # the second is the door's answer while Airflow is down
            raise StackError(f"Airflow does not answer at {self.page}: 'make ps' shows whether the stack is up.")
        if status == _REFUSED:
            raise StackError(f"Airflow refuses {self._login['username']}: 'make up' sets the password of .env again.")
        return str(_checked(status, answer)["access_token"])


def backfill(airflow: Airflow, use_case: str, first: date, last: date) -> str:
    """Queue the days from the first to the last, again if they were scored; return what was queued, in words.

    Days are those of the use case's schedule, as are the intervals.

    Raises:
        StackError: Airflow does not answer or refuses; one is running already; there is nothing to score.
    """
    dag, token = f"{use_case}_scoring", airflow.token()
    page = f"{airflow.page}/dags/{dag}/backfills"
    zone = _zone(*airflow.ask(f"api/v2/dags/{quote(dag, safe='')}", token=token), dag)
    # Airflow runs the intervals that begin in this span, its ends included: those of the last day, to its last second.
    wanted = {
        "dag_id": dag,
        "from_date": datetime.combine(first, time(), zone).isoformat(),
        "to_date": datetime.combine(last, time(23, 59, 59), zone).isoformat(),
        "reprocess_behavior": "completed",
        "max_active_runs": 1,
    }
    runs = _runs(*airflow.ask("api/v2/backfills/dry_run", wanted, token), zone)
    status, answer = airflow.ask("api/v2/backfills", wanted, token)
    if status == _RUNNING:
        raise StackError(f"A backfill of {use_case} is running already: wait for its end, or cancel it at {page}")
    if not runs and status != _CREATED:
        raise StackError(f"No interval of {use_case} begins from {first} to {last}: see live_start in its config.")
    number = _checked(status, answer)["id"]
    span = f"{runs[0]} to {runs[-1]}" if len(runs) > 1 else runs[0]
    return f"Queued {counted(len(runs), 'run')} of {dag}: {span} (backfill {number}).\nWatch: {page}"


def _zone(status: int, answer: Any, dag: str) -> tzinfo:  # noqa: ANN401 - JSON
    """The zone in whose calendar the intervals of a DAG begin."""
    if status == _MISSING:
        raise StackError(
            f"Airflow has no DAG {dag}: is the name right, and is its config in the stack's folder config/?"
        )
    tags = (str(tag["name"]) for tag in _checked(status, answer)["tags"])
    zones = [tag.removeprefix(_ZONE_TAG) for tag in tags if tag.startswith(_ZONE_TAG)]
    return ZoneInfo(zones[0]) if zones else UTC


def _runs(status: int, answer: Any, zone: tzinfo) -> list[str]:  # noqa: ANN401 - JSON
    """The beginnings of the intervals that a backfill would run, as the clocks of the zone show them."""
    moments = [datetime.fromisoformat(str(each["logical_date"])) for each in _checked(status, answer)["backfills"]]
    walls = sorted(moment.astimezone(zone).replace(tzinfo=None) for moment in moments)
    return [f"{wall:%Y-%m-%d}" if wall.time() == time() else f"{wall:%Y-%m-%dT%H:%M}" for wall in walls]


def _checked(status: int, answer: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """The answer to a request that succeeded.

    Raises:
        StackError: it did not.
    """
    if status // 100 == 2 and isinstance(answer, dict):
        return answer
    detail = answer.get("detail", answer) if isinstance(answer, dict) else answer
    if isinstance(detail, list):  # of FastAPI: what is wrong with the request, one by one
        detail = "; ".join(str(each.get("msg", each)) for each in detail)
    raise StackError(f"Airflow refuses ({status}): {str(detail)[:300]}")


def _content(body: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
