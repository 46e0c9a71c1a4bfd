"""The account whose request is being answered, as the guard has found it, for MLflow's own authorization."""

from __future__ import annotations

from contextvars import ContextVar

from flask import Response, make_response
from werkzeug.datastructures import Authorization

# Each request has a context of its own, which MLflow's threads inherit. No header can set it.
NAME: ContextVar[str] = ContextVar("name of the account", default="")


def authorization() -> Authorization | Response:
    """Return the account that the guard has let in: MLflow's setting `authorization_function`."""
    if name := NAME.get():
        return Authorization("basic", {"username": name})
    return make_response("You are not authenticated.", 401)
