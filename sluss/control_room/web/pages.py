"""The pages of all use cases, of one, and of the alerts."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse

from sluss.control_room.overview import Overview
from sluss.control_room.web import offered
from sluss.control_room.web.request import KnownState, OneSeen, Reader, found, page
from sluss.control_room.web.views import alert, alerts, use_case, use_cases
from sluss.disk import room

router = APIRouter(default_response_class=HTMLResponse)


@router.get("/")
def all_use_cases(state: KnownState, reader: Reader) -> str:
    """All use cases, the worst first."""
    return page("use_cases.html", state, reader, **use_cases.content(state, datetime.now(UTC)))


@router.get("/use-cases/{name}")
def one_use_case(one: OneSeen, state: KnownState, reader: Reader, last: int = 60) -> str:
    """One use case: what is live, since when and why, how good it is, and what changed."""
    content = use_case.content(one, last, datetime.now(UTC), scheduled=state.settings.is_scheduled)
    return page("use_case.html", state, reader, acts=offered.for_use_case(one), **content)


@router.get("/alerts")
def all_alerts(state: KnownState, reader: Reader) -> str:
    """The alerts of all use cases, the open ones first."""
    return page("alerts.html", state, reader, **alerts.content(state, datetime.now(UTC)))


@router.get("/alerts/{name}/{alert_id}")
def one_alert(one: OneSeen, alert_id: str, state: KnownState, reader: Reader) -> str:
    """One alert: its sentences of today and of the first day, its evidence and its history."""
    content = found(alert.content(one, alert_id, datetime.now(UTC)), f"{one.name} has no alert '{alert_id}'.")
    return page("alert.html", state, reader, acts=offered.for_alert(content["row"].life), **content)


@router.get("/status.json", response_class=JSONResponse)
def status(state: KnownState, reader: Reader) -> dict[str, object]:  # noqa: ARG001 - a login is asked for
    """The status of all use cases, as `make status JSON=1` prints it."""
    now = datetime.now(UTC)
    known = tuple(state.statuses(now))
    return Overview(state.settings.place, now, known, room(state.settings), state.backups).as_json()
