"""Which of MLflow's routes a request takes, as MLflow's own routers find it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.routing import Match, Route
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from fastapi import FastAPI
    from flask import Flask

# MLflow has most routes twice: for clients below /api, for its pages below /ajax-api.
_PREFIX = re.compile(r"^/(?:ajax-)?api/?(?=\d)")
# `<int:x>` in Flask, `{x:path}` in FastAPI.
_VARIABLE = re.compile(r"[<{](?:(?:[a-z]+:)?([A-Za-z_]+)>|([A-Za-z_]+)(?::[a-z]+)?})")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\\]")


class Routes:
    """The routes of both frameworks. FastAPI's come first, as they do in MLflow's server."""

    def __init__(self, served: FastAPI, flask: Flask) -> None:
        self._native = [route for route in served.routes if isinstance(route, Route)]
        if len(served.routes) != len(self._native) + 1:  # the one is Flask's
            raise ValueError("This version of MLflow has routes of a kind that the guard does not know.")
        self._flask = flask.url_map

    def of(self, scope: MutableMapping[str, Any]) -> str | None:
        """Return method and route of a request as the table names them, or None where MLflow has none for it."""
        for route in self._native:
            if route.matches(scope)[0] == Match.FULL:
                return named(scope["method"], route.path)
        try:
            rule, _ = self._flask.bind("localhost").match(scope["path"], scope["method"], return_rule=True)
        except (HTTPException, RequestRedirect):
            return None
        return named(scope["method"], rule.rule)


def named(method: str, route: str) -> str:
    """The name of a route in the table: `GET 2.0/mlflow/logged-models/*`; HEAD is GET."""
    method = "GET" if method == "HEAD" else method
    return f"{method} {_VARIABLE.sub('*', _PREFIX.sub('', route))}"


def is_plain(path: str) -> bool:
    """Whether a path means the same to every reader: no `..`, no empty part, nothing encoded twice to hide them."""
    while (decoded := unquote(path)) != path:
        path = decoded
    parts = path.split("/")[1:]
    return not (_UNPRINTABLE.search(path) or {".", ".."} & {*parts} or "" in parts[:-1])
