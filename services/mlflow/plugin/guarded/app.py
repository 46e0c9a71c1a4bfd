"""The guard: middleware that sees every request before MLflow does, to its FastAPI routes and its Flask ones alike."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from mlflow.exceptions import MlflowException
from mlflow.server import app as flask_app
from mlflow.server import auth

from guarded import bodies
from guarded.accounts import Account, Accounts, TooManyError, WrongError
from guarded.caller import NAME
from guarded.rights import CREATES_AN_EXPERIMENT, PUBLIC, Role, may_use
from guarded.routes import Routes, is_plain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]


class RefusedError(Exception):
    """An answer in place of MLflow's, in the form that MLflow's clients show."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers or {}
        self.body = json.dumps({"error_code": code, "message": message}).encode()

    async def send(self, send: Send) -> None:
        """Answer the request."""
        headers = {"content-type": "application/json", "content-length": str(len(self.body)), **self.headers}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        await send({"type": "http.response.body", "body": self.body})


class Guard:
    """Asks for a login, and refuses each request that the account's role may not make."""

    def __init__(self, served: FastAPI, routes: Routes, accounts: Accounts) -> None:
        self._served, self._routes, self._accounts = served, routes, accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let MLflow answer."""
        if scope["type"] == "websocket":  # MLflow has none
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http":
            try:
                receive = await self._let_in(scope, receive)
            except RefusedError as refusal:
                await refusal.send(send)
                return
        await self._served(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive) -> Receive:
        """Return the way to read the request's body, or raise the refusal."""
        route = self._routes.of(scope) if is_plain(scope["path"]) else None
        NAME.set("")
        if route in PUBLIC:
            return receive
        account = await self._account(scope)
        if not is_plain(scope["path"]):
            message = "The path has an empty part, or one that leads elsewhere."
            raise RefusedError(400, "INVALID_PARAMETER_VALUE", message)
        if not may_use(account.role, route):
            raise _forbidden("This account has no right to do that: ask the administrator.")
        if route == CREATES_AN_EXPERIMENT and account.role is not Role.ADMIN:
            receive = await _checked(receive)
        if route and not bodies.means_one_thing(route, scope["query_string"], scope["headers"]):
            message = "Send the fields as JSON (Content-Type: application/json), and name one run."
            raise RefusedError(400, "INVALID_PARAMETER_VALUE", message)
        NAME.set(account.name)
        return receive

    async def _account(self, scope: Scope) -> Account:
        name, password = _login(scope)
        try:
            return await self._accounts.find(name, password, (scope.get("client") or ("",))[0])
        except WrongError:
            raise _asks_for_a_login() from None
        except TooManyError as error:
            message = "Too many wrong passwords for this name: try again later."
            raise RefusedError(429, "REQUEST_LIMIT_EXCEEDED", message, {"retry-after": str(error.seconds)}) from error
        except MlflowException as error:
            raise RefusedError(503, "TEMPORARILY_UNAVAILABLE", "MLflow's accounts cannot be read just now.") from error


def create_app() -> Guard:
    """Return MLflow's server behind the guard: the entry point `mlflow.app`."""
    served = auth.create_app(flask_app)
    if not isinstance(served, FastAPI):
        raise MlflowException("The guard needs MLflow on uvicorn: start it without --gunicorn-opts or --waitress-opts.")
    return Guard(served, Routes(served, flask_app), Accounts(auth.store))


def _login(scope: Scope) -> tuple[str, str]:
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    scheme, _, encoded = given[0].decode("latin-1").strip().partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "basic":
        raise _asks_for_a_login()
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise _asks_for_a_login() from None
    name, _, password = decoded.partition(":")
    return name, password


async def _checked(receive: Receive) -> Receive:
    """Read the body that creates an experiment, refuse it or give it back."""
    body, more = b"", True
    while more and len(body) <= bodies.LARGEST:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if more or not bodies.has_default_location(body):
        raise _forbidden("Only the administrator may choose where an experiment's artifacts lie: name it, and no more.")
    given = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def again() -> Message:
        return next(given, None) or await receive()

    return again


def _forbidden(message: str) -> RefusedError:
    return RefusedError(403, "PERMISSION_DENIED", message)


def _asks_for_a_login() -> RefusedError:
    message = "MLflow asks for a name and a password: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
    return RefusedError(401, "UNAUTHENTICATED", message, {"www-authenticate": 'Basic realm="mlflow"'})
