"""The application: routes, headers, and the pages of errors."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles

from sluss.control_room.known import Known
from sluss.control_room.web import acting, errors, guard, headers, health, login, metrics, oidc, pages, records
from sluss.control_room.web.acts_here import HandsHere
from sluss.control_room.web.csrf import FormTokens
from sluss.control_room.web.outcomes import Outcomes
from sluss.control_room.web.people import OpenDoor
from sluss.control_room.web.provider import provider_of
from sluss.control_room.web.sessions import Sessions
from sluss.control_room.web.site import STATIC
from sluss.guesses import Limits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sluss.config.settings import Settings
    from sluss.control_room.web.acts import Hands
    from sluss.control_room.web.people import Door


def create_app(
    settings: Settings,
    door: Door | None = None,
    known: Known | None = None,
    hands: Hands | None = None,
) -> FastAPI:
    """Return the control room's application.

    Args:
        settings: addresses of the stores, and the names under which the application is reached.
        door: decides who comes in; by default, there is no login.
        known: the state to show; by default a new one, which the application starts and stops.
        hands: do what a person orders; by default by calls of the library.
    """
    state = known or Known(settings)
    outcomes = Outcomes(state.look_again)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001 - FastAPI's signature
        if known is None:
            state.start()
        yield
        await outcomes.stop()
        if known is None:
            state.stop()

    app = FastAPI(title="Sluss control room", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.known, app.state.settings, app.state.outcomes = state, settings, outcomes
    app.state.door, app.state.hands = door or OpenDoor(), hands or HandsHere(settings)
    app.state.provider = provider_of(settings) if app.state.door.asks else None
    app.state.sessions, app.state.limits, app.state.form_tokens = Sessions(), Limits(), FormTokens()
    app.add_middleware(oidc.FlowCookie)
    guard.add(app, settings.control_room_hosts.split(","))
    headers.add(app)  # last, so that a refusal of the guard has them too
    errors.add(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for each in (health, metrics, login, oidc, pages, records, acting):
        app.include_router(each.router)
    _answer_heads(app)
    return app


def _answer_heads(app: FastAPI) -> None:
    """Let every page that can be read answer HEAD, too: watchers of services ask so."""
    for route in app.routes:
        if isinstance(route, APIRoute) and "GET" in route.methods:
            route.methods.add("HEAD")
