"""The signed webhook: a POST of JSON whose origin and age the receiver can prove.

The headers are those of the Standard Webhooks specification (https://www.standardwebhooks.com), for which there are
libraries in many languages.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from sluss.alerting.failure import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

_CONNECT, _ANSWER = 5.0, 10.0  # seconds
_READ = 65_536  # bytes of an answer that are read, to see that it is whole


def headers(key: str, timestamp: int, body: bytes, secret: str) -> dict[str, str]:
    """Return the headers of a message: key against doubles, time and signature."""
    return {
        "content-type": "application/json",
        "user-agent": "sluss",
        "webhook-id": key,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(key, timestamp, body, secret),
    }


def signature(key: str, timestamp: int, body: bytes, secret: str) -> str:
    """HMAC-SHA256 over `<key>.<timestamp>.<body>`, as `v1,<base64>`."""
    content = f"{key}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(secret.encode(), content, hashlib.sha256)).decode()}"


def post(url: str, body: bytes, sent: Mapping[str, str]) -> None:
    """Send a message, and return when the receiver has taken it.

    Raises:
        DeliveryError: it has not, or this is not certain. The text holds neither the address nor a secret.
    """
    import requests

    try:
        # A redirect would send body and signature to an address that no person has chosen.
        answer = requests.post(
            url, data=body, headers=dict(sent), timeout=(_CONNECT, _ANSWER), allow_redirects=False, stream=True
        )
        with answer:
            status = answer.status_code
            if status < 300:
                _read(answer)
    except requests.exceptions.RequestException as error:
        raise DeliveryError(_reason(error)) from None
    if status >= 300:
        raise DeliveryError(_refusal(status))


def _read(answer: requests.Response) -> None:
    """Read an answer, or the beginning of a long one. It raises where the connection ends before the answer does."""
    read = 0
    for part in answer.iter_content(8192):
        read += len(part)
        if read >= _READ:
            break


def _reason(error: Exception) -> str:
    from requests import exceptions

    # The order matters: some of them are kinds of others.
    known = (
        (exceptions.ConnectTimeout, f"did not accept a connection within {_CONNECT:.0f} s"),
        (exceptions.Timeout, f"did not answer within {_ANSWER:.0f} s"),
        (exceptions.SSLError, "has a certificate that is not trusted"),
        (exceptions.ProxyError, "cannot be reached through the proxy"),
        (exceptions.ConnectionError, "refused or closed the connection"),
        (exceptions.ChunkedEncodingError, "closed the connection before its answer was complete"),
        (exceptions.InvalidURL, "has an address that cannot be used"),
        (exceptions.MissingSchema, "has an address that cannot be used"),
    )
    return next((words for kind, words in known if isinstance(error, kind)), f"failed ({type(error).__name__})")


def _refusal(status: int) -> str:
    return f"redirected ({status}), which is not followed" if status < 400 else f"answered {status}"
