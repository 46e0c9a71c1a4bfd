"""Login with the company's identity provider: the two addresses of the flow, and the cookie that it needs."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.middleware.sessions import SessionMiddleware

from sluss.control_room.web import login
from sluss.control_room.web.airflow import NotAllowedError
from sluss.control_room.web.provider import ProviderError
from sluss.control_room.web.request import found
from sluss.errors import ServiceError, SlussError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from sluss.control_room.web.provider import Provider

_PATH = "/login/oidc"
_LONGEST = 600  # seconds that a person may take at the provider
_STATUS: dict[type[SlussError], int] = {ServiceError: 503, NotAllowedError: 403, ProviderError: 401}

router = APIRouter()


class FlowCookie:
    """Keeps a flow's state, nonce and verifier in a signed cookie that no other page gets to see."""

    def __init__(self, app: ASGIApp) -> None:
        shared: dict[str, Any] = {"secret_key": secrets.token_urlsafe(32), "max_age": _LONGEST, "same_site": "lax"}
        self._app = app
        self._plain = SessionMiddleware(app, session_cookie="sluss_flow", **shared)
        self._tls = SessionMiddleware(app, session_cookie="__Host-sluss_flow", https_only=True, **shared)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        app = self._app
        if scope["type"] == "http" and scope["path"].startswith(_PATH):
            app = self._tls if scope["scheme"] == "https" else self._plain
        await app(scope, receive, send)


@router.get(_PATH)
async def leave(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name in the address
    """Send the browser to the provider."""
    provider, there = _provider(request), login.inside(next)
    if request.state.person.name:
        return RedirectResponse(there, 303)
    try:
        response = await provider.send(request, str(request.url_for("come_back")))
    except SlussError as error:
        return _refused(request, there, error)
    request.session["next"] = there
    return response


@router.get(f"{_PATH}/back")
async def come_back(request: Request) -> Response:
    """Begin a session for the person whom the provider names."""
    provider, there = _provider(request), request.session.get("next", "/")
    try:
        person = await provider.receive(request)
    except SlussError as error:
        return _refused(request, there, error)
    finally:
        request.session.clear()
    return login.begin(request, person, there)


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    return found(provider, "The settings name no identity provider: log in with name and password.")


def _refused(request: Request, there: str, error: SlussError) -> Response:
    return login.show_form(request, there, str(error), _STATUS.get(type(error), 500))
