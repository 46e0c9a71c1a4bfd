"""The pages that a person reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse

from sluss.control_room.known import Known, Seen
from sluss.control_room.overview import Overview
from sluss.control_room.web import links
from sluss.control_room.web.people import Person, this_user
from sluss.control_room.web.site import render
from sluss.control_room.web.views import alerts, use_case, use_cases

router = APIRouter(default_response_class=HTMLResponse)


def person(request: Request) -> Person:
    """The person who asks."""
    return this_user()


def known(request: Request) -> Known:
    """The state that the pages show."""
    found: Known = request.app.state.known
    return found


KnownState = Annotated[Known, Depends(known)]
Reader = Annotated[Person, Depends(person)]


def seen(name: str, state: KnownState) -> Seen:
    """The use case of the address.

    Raises:
        HTTPException: there is none of that name.
    """
    found = state.get(name)
    if found is None:
        raise HTTPException(404, f"There is no use case '{name}' in config/.")
    return found


OneSeen = Annotated[Seen, Depends(seen)]


def page(template: str, state: Known, reader: Person, **content: object) -> str:
    """Render a page with what every page shows: place, moment and person."""
    now = datetime.now(UTC)
    return render(
        template, place=state.settings.place, now=now, person=reader, links=links.of(state.settings), **content
    )


@router.get("/")
def all_use_cases(state: KnownState, reader: Reader) -> str:
    """All use cases, the worst first."""
    return page("use_cases.html", state, reader, **use_cases.content(state, datetime.now(UTC)))


@router.get("/use-cases/{name}")
def one_use_case(one: OneSeen, state: KnownState, reader: Reader, last: int = 60) -> str:
    """One use case: what is live, since when and why, how good it is, and what changed."""
    return page("use_case.html", state, reader, **use_case.content(state, one, last, datetime.now(UTC)))


@router.get("/alerts")
def all_alerts(state: KnownState, reader: Reader) -> str:
    """The alerts of all use cases, the open ones first."""
    return page("alerts.html", state, reader, **alerts.content(state, datetime.now(UTC)))


@router.get("/status.json", response_class=JSONResponse)
def status(state: KnownState, reader: Reader) -> dict[str, object]:  # noqa: ARG001 - a login is asked for
    """The status of all use cases, as `make status JSON=1` prints it."""
    now = datetime.now(UTC)
    return Overview(state.settings.place, now, tuple(state.statuses(now))).as_json()
