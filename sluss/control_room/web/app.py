"""The application: routes, headers, and the pages of errors."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from sluss.control_room.known import Known
from sluss.control_room.web import errors, headers, pages, records
from sluss.control_room.web.people import OpenDoor
from sluss.control_room.web.site import STATIC

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sluss.config.settings import Settings
    from sluss.control_room.web.people import Door


def create_app(settings: Settings, door: Door | None = None, known: Known | None = None) -> FastAPI:
    """Return the control room's application.

    Args:
        settings: addresses of the stores.
        door: decides who comes in; by default nobody is asked.
        known: the state to show; by default a new one, which the application starts and stops.
    """
    state = known or Known(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001 - FastAPI's signature
        if known is None:
            state.start()
        yield
        if known is None:
            state.stop()

    app = FastAPI(title="Sluss control room", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.known, app.state.door, app.state.settings = state, door or OpenDoor(), settings
    headers.add(app)
    errors.add(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.include_router(pages.router)
    app.include_router(records.router)
    return app
