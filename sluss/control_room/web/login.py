"""Login and logout."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sluss.control_room.web import guard
from sluss.control_room.web.airflow import NotAllowedError
from sluss.control_room.web.request import Fields, page
from sluss.counted import counted
from sluss.errors import ServiceError

if TYPE_CHECKING:
    from sluss.control_room.web.people import Person

router = APIRouter(default_response_class=HTMLResponse)
WRONG = "This name and password do not belong together."
# Airflow needs longer where the name exists: a failure takes a multiple of so many seconds in any case.
_STEP = 2.0
_LONGEST = 256  # characters of a name or password


@router.get("/login")
async def form(request: Request, next: str = "/", left: int = 0) -> Response:  # noqa: A002 - the name in the address
    """The form for name and password; `left` is 1 after the logout of a person whom the identity provider named."""
    if request.state.person.name:
        return RedirectResponse(inside(next), 303)
    provider = request.app.state.provider
    farewell = await provider.farewell() if provider and left else ""
    return HTMLResponse(_content(request, next, farewell=farewell))


@router.post("/login")
async def login(request: Request, fields: Fields) -> Response:
    """Check name and password, and begin a session."""
    name, password, there = (fields.get(key, "")[:_LONGEST] for key in ("name", "password", "next"))
    address = request.client.host if request.client else ""
    limits = request.app.state.limits
    if wait := limits.wait(name, address):
        return show_form(
            request, there, f"Too many tries. Try again in {counted(math.ceil(wait), 'second')}.", 429, wait=wait
        )
    began = time.monotonic()
    try:
        person = await request.app.state.door.enter(name.strip(), password)
    except ServiceError as error:
        limits.undone(name, address)
        return show_form(request, there, str(error), 503)
    except NotAllowedError as error:
        limits.succeeded(name, address)
        return show_form(request, there, str(error), 403)
    if person is None:
        await asyncio.sleep(-(time.monotonic() - began) % _STEP)
        return show_form(request, there, WRONG, 401)
    limits.succeeded(name, address)
    return begin(request, person, there)


@router.post("/logout")
async def logout(request: Request, fields: Fields) -> Response:  # noqa: ARG001 - its token is checked
    """End the session, and make its token worthless."""
    person = request.state.person
    request.app.state.sessions.end(guard.session_id(request))
    if not person.provider:
        await request.app.state.door.leave(person)
    response = RedirectResponse("/login?left=1" if person.provider else "/login", 303)
    guard.drop_cookie(request, response, guard.SESSION)
    return response


def begin(request: Request, person: Person, there: str) -> Response:
    """Begin a session under a new id, and go to a page of this site."""
    sessions = request.app.state.sessions
    sessions.end(guard.session_id(request))
    response = RedirectResponse(inside(there), 303)
    guard.set_cookie(request, response, guard.SESSION, sessions.begin(person))
    return response


def show_form(request: Request, there: str, error: str, status: int, wait: float = 0) -> Response:
    """The login page after a failure, with a sentence about it."""
    headers = {"Retry-After": str(math.ceil(wait))} if wait else None
    return HTMLResponse(_content(request, there, error=error), status, headers)


def _content(request: Request, there: str, error: str = "", farewell: str = "") -> str:
    app = request.app.state
    content = {"there": inside(there), "error": error, "provider": app.provider, "farewell": farewell}
    return page("login.html", app.known, request.state.person, **content)


def inside(there: str) -> str:
    """Return a path of this site; an address elsewhere becomes the first page."""
    found = urlsplit(there)
    is_path = there.startswith("/") and not there.startswith(("//", "/\\")) and not (found.scheme or found.netloc)
    return there if is_path and there.isprintable() and "\\" not in there else "/"
