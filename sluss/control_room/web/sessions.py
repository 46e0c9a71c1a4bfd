"""Sessions of persons who are logged in. They live in this process: a restart logs everyone out."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluss.control_room.web.people import Person

IDLE = 60 * 60.0  # seconds without a request after which a session ends
LONGEST = 12 * 60 * 60.0  # seconds after the login
_OF_ONE, _OF_ALL = 20, 10_000  # sessions at most; the oldest end first


@dataclass
class Session:
    """One login."""

    person: Person
    began: float
    seen: float
    confirmed: float  # when the account's rights were last looked up


class Sessions:
    """All sessions, by the digest of their id: a dump of the memory's keys opens no session."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, Session] = {}  # in the order of their logins

    def begin(self, person: Person) -> str:
        """Begin a session, and return its id, which only the browser keeps."""
        now, session_id = self._clock(), secrets.token_urlsafe(32)
        self._end_old(person.account)
        self._known[_digest(session_id)] = Session(person, now, now, now)
        return session_id

    def get(self, session_id: str) -> Session | None:
        """Return a session that has not ended, and count this as a request."""
        session, now = self._known.get(_digest(session_id)), self._clock()
        if session is None:
            return None
        if now - session.seen > IDLE or now - session.began > LONGEST:
            self.end(session_id)
            return None
        session.seen = now
        return session

    def end(self, session_id: str) -> None:
        """End a session."""
        self._known.pop(_digest(session_id), None)

    def _end_old(self, account: tuple[str, str]) -> None:
        now = self._clock()
        for key in [key for key, each in self._known.items() if now - each.seen > IDLE or now - each.began > LONGEST]:
            del self._known[key]
        every = list(self._known)
        own = [key for key, each in self._known.items() if each.person.account == account]
        for key in [*own[: max(0, len(own) + 1 - _OF_ONE)], *every[: max(0, len(every) + 1 - _OF_ALL)]]:
            self._known.pop(key, None)


def _digest(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()
