"""Middleware of Airflow's web server: limits on guessing in every place that takes a password, and no open schemas.

FAB limits its login form alone, by address. Three routes for tokens take passwords, too, without a limit.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from sluss.guesses import Limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

FORM = "auth/login"
TAKE_PASSWORDS = {FORM, "auth/token", "auth/token/cli", "auth/api/v1/security/login"}
# Every application in Airflow's server has its own interactive pages; Airflow's switch turns off those of one.
SCHEMAS = {"docs", "redoc", "openapi.json", "changelog"}
APPLICATIONS = {"auth", "execution"}
_LARGEST = 100_000  # bytes of a login


class LoginGuard:
    """Counts each attempt as failed until Airflow's answer shows that it was right."""

    def __init__(self, app: App, limits: Limits | None = None) -> None:
        self._app, self._limits = app, limits or Limits.of_services()
        self._running: dict[bytes, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let Airflow answer."""
        parts = [part for part in scope.get("path", "").split("/") if part]
        if scope["type"] == "http" and _is_schema(parts):
            await _answer(send, 404, "The interactive pages and schemas of the API are off.")
        elif scope["type"] == "http" and scope["method"] == "POST" and "/".join(parts) in TAKE_PASSWORDS:
            await self._limited(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        if body is None:
            await _answer(send, 413, "This is too long for a name and a password.")
            return
        name, address = _name(scope, body), (scope.get("client") or ("",))[0]
        # The same name and password at the same time, as from programs that start together, are one attempt.
        attempt = hashlib.sha256(b"\0".join((scope["path"].encode(), address.encode(), body))).digest()
        if attempt not in self._running and (wait := self._limits.wait(name, address)) > 0:
            seconds = math.ceil(wait)
            text = f"Too many wrong passwords for this name: try again in {seconds} s."
            await _answer(send, 429, text, {"retry-after": str(seconds)})
            return
        self._running[attempt] = self._running.get(attempt, 0) + 1
        status, place = 0, ""

        async def watched(message: Message) -> None:
            nonlocal status, place
            if message["type"] == "http.response.start":
                status = message["status"]
                place = dict(message.get("headers", [])).get(b"location", b"").decode("latin-1")
            await send(message)

        try:
            await self._app(scope, _again(body, receive), watched)
        finally:
            self._running[attempt] -= 1
            if not self._running[attempt]:
                del self._running[attempt]
                self._judge(name, address, status, place, is_form=_is_form(scope))

    def _judge(self, name: str, address: str, status: int, place: str, *, is_form: bool) -> None:
        """A token is created; the form leads a person on, and back to itself when the password was wrong."""
        if ("/login" not in place and status in {302, 303}) if is_form else status in {200, 201}:
            self._limits.succeeded(name, address)
        elif status not in {302, 303, 401, 403}:
            self._limits.undone(name, address)


def _is_schema(parts: list[str]) -> bool:
    own = parts[1:] if parts[:1] and parts[0] in APPLICATIONS else parts
    return bool(own) and own[0] in SCHEMAS


def _is_form(scope: Scope) -> bool:
    return "/".join(part for part in scope["path"].split("/") if part) == FORM


def _name(scope: Scope, body: bytes) -> str:
    """The name in a form or in JSON. A body that is neither counts for the empty name."""
    if _is_form(scope):
        return parse_qs(body.decode("utf-8", "replace")).get("username", [""])[0]
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    name = asked.get("username") if isinstance(asked, dict) else ""
    return name if isinstance(name, str) else ""


async def _read(receive: Receive) -> bytes | None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
        if len(body) > _LARGEST:
            return None
    return body


def _again(body: bytes, receive: Receive) -> Receive:
    given = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def read() -> Message:
        return next(given, None) or await receive()

    return read


async def _answer(send: Send, status: int, text: str, more: dict[str, str] | None = None) -> None:
    body = json.dumps({"detail": text}).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **(more or {})}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
