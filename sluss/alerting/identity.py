"""Names that last: of an alert, which a person types, and of a piece of news, which is sent once."""

from __future__ import annotations

from base64 import b32encode
from hashlib import sha256

ID_LENGTH = 6  # characters of 5 bits: two of a thousand alerts of a use case share an id with a chance of 1 in 2,000
_KEY_LENGTH = 32


def alert_id(use_case: str, kind: str, since: str) -> str:
    """Return the id of an alert: six letters and digits in lower case.

    An alert is one change of one type in one use case. A later change raises an alert of its own, which begins in a
    later interval, so type and first interval identify it. Monitoring an interval again gives the same id.
    """
    # Base 32 has neither 0 nor 1, which are taken for letters.
    return b32encode(_digest(use_case, kind, since)).decode().lower()[:ID_LENGTH]


def key_of(*parts: str) -> str:
    """Return a key against doubles: the same for the same parts, in every process."""
    return _digest(*parts).hex()[:_KEY_LENGTH]


def _digest(*parts: str) -> bytes:
    # With lengths, so that no two lists of parts give the same text.
    return sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).digest()
