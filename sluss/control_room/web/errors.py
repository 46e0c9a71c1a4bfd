"""Pages in place of a failed one: a plain sentence, never a traceback."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException as AnyHTTPException

from sluss.control_room.web.people import STRANGER
from sluss.control_room.web.request import NOT_FOUND, page
from sluss.errors import ServiceError, SlussError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

_LOG = logging.getLogger(__name__)
_TITLES = {NOT_FOUND: "Not found", 403: "Not allowed", 400: "Not understood", 429: "Too many tries"}


def add(app: FastAPI) -> None:
    """Let the application answer with these pages."""
    app.add_exception_handler(AnyHTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(SlussError, _known)
    app.add_exception_handler(Exception, _unknown)


def _http(request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, AnyHTTPException)
    sentence = error.detail if isinstance(error, HTTPException) else _sentence(request, error.status_code)
    return _page(request, error.status_code, _TITLES.get(error.status_code, "That did not work"), str(sentence))


def _sentence(request: Request, status: int) -> str:
    match status:
        case 404:
            return f"There is no page {request.url.path}."
        case 405:
            return f"{request.url.path} does not take {request.method}. Follow the links and buttons of the pages."
        case _:
            return "This request cannot be read. Open the page again, and send it once more."


def _invalid(request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return _page(request, 400, _TITLES[400], f"{first['loc'][-1]}: {first['msg']}.")


def _known(request: Request, error: Exception) -> HTMLResponse:
    silent = isinstance(error, ServiceError)
    return _page(request, 503 if silent else 400, "A service does not answer" if silent else _TITLES[400], str(error))


def _unknown(request: Request, error: Exception) -> HTMLResponse:
    _LOG.error("%s failed.", request.url.path, exc_info=error)
    return _page(request, 500, "A defect of Sluss", "This page could not be made; the service's log has the traceback.")


def _page(request: Request, status: int, title: str, sentence: str) -> HTMLResponse:
    state = request.app.state.known
    reader = getattr(request.state, "person", None) or STRANGER
    return HTMLResponse(page("error.html", state, reader, title=title, sentence=sentence), status)
