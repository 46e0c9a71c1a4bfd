"""Middleware of Airflow's web server: limits on guessing in every place that takes a password, and no open schemas.

FAB limits its login form alone, by address. Three routes for tokens take passwords, too, without a limit.
"""

from __future__ import annotations

import hashlib
import json
import math
from http.cookies import CookieError, SimpleCookie
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
    Headers = list[tuple[bytes, bytes]]

FORM = "auth/login"
TAKE_PASSWORDS = {FORM, "auth/token", "auth/token/cli", "auth/api/v1/security/login"}
# Every application in Airflow's server has its own interactive pages; Airflow's switch turns off those of one.
SCHEMAS = {"docs", "redoc", "openapi.json", "changelog"}
APPLICATIONS = {"auth", "execution"}
SESSION = "session"  # name of FAB's cookie
# The one kind of form whose name the guard reads as Airflow does. Before the parts of another kind, any text may stand.
FORM_KIND = b"application/x-www-form-urlencoded"
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
        if _is_form(scope) and not _is_plain_form(scope):
            await _answer(send, 415, "The form of the login has another type than a browser sends.")
            return
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
        status, headers = 0, []

        async def watched(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], message.get("headers", [])
            await send(message)

        try:
            await self._app(scope, _again(body, receive), watched)
        finally:
            self._running[attempt] -= 1
            if not self._running[attempt]:
                del self._running[attempt]
                self._judge(name, address, _verdict(scope, status, headers))

    def _judge(self, name: str, address: str, verdict: bool | None) -> None:
        if verdict:
            self._limits.succeeded(name, address)
        elif verdict is None:
            self._limits.undone(name, address)


def _verdict(scope: Scope, status: int, headers: Headers) -> bool | None:
    """Whether the password was right; None where Airflow did not look at it."""
    if not _is_form(scope):
        return True if status in {200, 201} else False if status in {302, 303, 401, 403} else None
    # The form leads a person on, and back to itself when the password was wrong.
    if status not in {302, 303}:
        return False if status in {401, 403} else None
    if any(b"/login" in value for name, value in headers if name.lower() == b"location"):
        return False
    # It also leads on a person who had logged in before, with whatever name and password.
    return True if _has_new_session(scope, headers) else None


def _has_new_session(scope: Scope, headers: Headers) -> bool:
    """Whether the answer begins a session. One that was in the request, in any spelling of a cookie, is not new."""
    sent = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
    try:
        found = [SimpleCookie(value.decode("latin-1")) for name, value in headers if name.lower() == b"set-cookie"]
    except CookieError:
        return False
    begun = [cookies[SESSION].value for cookies in found if SESSION in cookies]
    is_spelt_plainly = not {'"', "\\"} & {*sent}
    return is_spelt_plainly and any(value and value not in sent for value in begun)


def _is_plain_form(scope: Scope) -> bool:
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    return len(kinds) == 1 and kinds[0].partition(b";")[0].strip().lower() == FORM_KIND


def _is_schema(parts: list[str]) -> bool:
    own = parts[1:] if parts[:1] and parts[0] in APPLICATIONS else parts
    return bool(own) and own[0] in SCHEMAS


def _is_form(scope: Scope) -> bool:
    return "/".join(part for part in scope["path"].split("/") if part) == FORM


def _name(scope: Scope, body: bytes) -> str:
    """The name in a form or in JSON. A body that is neither counts for the empty name."""
    if _is_form(scope):
        return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True).get("username", [""])[0]
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
