"""Forms that only this site's own pages can send: tokens bound to the browser's cookie, and the origin of requests."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

FIELD = "form_token"
FORGED = "This form is too old, or it did not come from this page. Open the page again, and send it once more."
SAFE = {"GET", "HEAD", "OPTIONS"}


class FormTokens:
    """Makes and checks tokens. A restart makes all of them worthless."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def of(self, cookie: str) -> str:
        """Return the token for the browser that holds this cookie."""
        return hmac.new(self._secret, cookie.encode(), "sha256").hexdigest()

    def fits(self, cookie: str, token: str) -> bool:
        """Whether a form's token is that of the browser's cookie."""
        return hmac.compare_digest(self.of(cookie).encode(), token.encode())


def is_foreign(request: Request) -> bool:
    """Whether another site's page sent a request that changes something, as far as the browser says so."""
    if request.method in SAFE:
        return False
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = request.headers.get("origin")
    if origin is None:
        return False
    found = urlsplit(origin)
    return (found.scheme, found.netloc) != (request.url.scheme, request.headers.get("host"))


async def checked_form(request: Request) -> dict[str, str]:
    """The fields of a form that was sent from this site.

    Raises:
        HTTPException: it has no token, or that of another browser.
    """
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    if not request.app.state.form_tokens.fits(request.state.browser, form.get(FIELD, "")):
        raise HTTPException(403, FORGED)
    return form
