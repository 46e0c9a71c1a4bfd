"""Looks at every request before a page is made: its host, its origin, its size, and who it comes from."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse

from sluss.control_room.web.csrf import FORGED, SAFE, is_foreign
from sluss.control_room.web.people import STRANGER, Person, this_user
from sluss.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from fastapi import FastAPI, Request, Response

    from sluss.control_room.web.sessions import Session

# Paths that ask for no login. All others do, also those that do not exist.
OPEN = ("/static/", "/login", "/health", "/ready", "/metrics")
SESSION, VISIT = "sluss_session", "sluss_visit"
_HOSTS = ("localhost", "127.0.0.1")
_CONFIRM = 300.0  # seconds between two looks at the rights of an account
_AGAIN = 30.0  # seconds until the next look, after one without an answer
_LARGEST = 64 * 1024  # bytes of a form
_FOREIGN_HOST = (
    "The control room does not know the host name of this address. Open it as localhost, or add the name to "
    "SLUSS_CONTROL_ROOM_HOSTS (in the stack, SLUSS_HOSTS in .env) and start it again."
)


def add(app: FastAPI, hosts: Sequence[str] = ()) -> None:
    """Guard the application; `hosts` are names under which it is reached besides those of this machine."""

    allowed = (*_HOSTS, *filter(None, (host.strip() for host in hosts)))

    @app.middleware("http")
    async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        return _refusal(request, allowed) or await _admit(request, call_next)


def cookie_name(request: Request, name: str) -> str:
    """Return a cookie's name. With TLS, the prefix keeps other hosts of the same domain from setting it."""
    return f"__Host-{name}" if request.url.scheme == "https" else name


def set_cookie(request: Request, response: Response, name: str, value: str) -> None:
    """Set a cookie that scripts cannot read and that ends with the browser.

    Lax, not strict: the links in the news of an alert lead to its page without a second login. Other sites' forms do
    not carry it.
    """
    secure = request.url.scheme == "https"
    response.set_cookie(cookie_name(request, name), value, httponly=True, samesite="lax", secure=secure, path="/")


def drop_cookie(request: Request, response: Response, name: str) -> None:
    """Delete a cookie."""
    secure = request.url.scheme == "https"
    response.delete_cookie(cookie_name(request, name), httponly=True, samesite="lax", secure=secure, path="/")


def session_id(request: Request) -> str:
    """The id of the browser's session; empty without one."""
    return request.cookies.get(cookie_name(request, SESSION), "")


def _is_allowed(host: str, allowed: Sequence[str]) -> bool:
    name = host.split(":")[0].lower()
    return any(each in (name, "*") or (each[:2] == "*." and name.endswith(each[1:])) for each in allowed)


def _refusal(request: Request, allowed: Sequence[str]) -> Response | None:
    # Otherwise a page elsewhere whose name leads to this machine could read and act here.
    if not _is_allowed(request.headers.get("host", ""), allowed):
        return PlainTextResponse(_FOREIGN_HOST, 400)
    if is_foreign(request):
        return PlainTextResponse(FORGED, 403)
    size = request.headers.get("content-length", "" if "transfer-encoding" in request.headers else "0")
    if request.method not in SAFE and not (size.isdecimal() and int(size) <= _LARGEST):
        return PlainTextResponse(f"A form has at most {_LARGEST} bytes, and says how many.", 413)
    return None


async def _admit(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    person, browser = await _visitor(request)
    visit = "" if browser else secrets.token_urlsafe(24)
    request.state.browser = browser or visit
    token = request.app.state.form_tokens.of(request.state.browser)
    request.state.person = replace(person or STRANGER, form_token=token)
    if person is None and not request.url.path.startswith(OPEN):
        response = _to_login(request)
    else:
        response = await call_next(request)
    if visit and not request.url.path.startswith(("/static/", "/health", "/ready", "/metrics")):
        set_cookie(request, response, VISIT, visit)
    return response


async def _visitor(request: Request) -> tuple[Person | None, str]:
    """Return the person, and the cookie that tells this browser from others."""
    visit = request.cookies.get(cookie_name(request, VISIT), "")
    if not request.app.state.door.asks:
        return this_user(), visit
    known = session_id(request)
    session = request.app.state.sessions.get(known) if known else None
    if session and await _still_may(request, session):
        return session.person, known
    return None, visit


async def _still_may(request: Request, session: Session) -> bool:
    """Look up the account's rights every few minutes: they may have changed since the login."""
    now = time.monotonic()
    # The provider is asked at the login alone.
    if session.person.provider or now - session.confirmed < _CONFIRM:
        return True
    session.confirmed = now
    try:
        person = await request.app.state.door.confirm(session.person)
    except ServiceError:
        session.confirmed = now - _CONFIRM + _AGAIN  # the pages stay readable while Airflow is down
        return True
    if person is None:
        request.app.state.sessions.end(session_id(request))
        return False
    session.person = person
    return True


def _to_login(request: Request) -> Response:
    if request.method not in SAFE or request.url.path.endswith(".json"):
        return JSONResponse({"detail": "Log in first."}, 401)
    there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(there)}" if there != "/" else "/login", 303)
