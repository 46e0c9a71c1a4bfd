"""The outcomes of acts: kept for the page that shows them, also while an act goes on."""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluss.errors import SlussError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sluss.control_room.web.acts import Done, Order

_LOG = logging.getLogger(__name__)
_KEPT = 500
_PATIENCE = 20.0  # seconds that a page waits for an act


@dataclass
class Outcome:
    """An act that goes on or has ended."""

    order: Order
    title: str
    back: str  # the page on which it was begun
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    sentence: str = ""  # empty while it goes on
    link: str = ""
    failed: bool = False

    @property
    def is_running(self) -> bool:
        """Whether it goes on."""
        return not self.sentence


class Outcomes:
    """The newest outcomes, by an id that cannot be guessed."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._known: dict[str, Outcome] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def begin(self, outcome: Outcome, act: Awaitable[Done]) -> str:
        """Start an act, wait for its end for some seconds, and return the outcome's id."""
        key = secrets.token_urlsafe(12)
        self._known[key] = outcome
        for old in list(self._known)[:-_KEPT]:
            del self._known[old]
        task = asyncio.create_task(self._follow(outcome, act))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.wait({task}, timeout=_PATIENCE)
        return key

    def get(self, key: str, account: tuple[str, str]) -> Outcome | None:
        """Return the outcome of a person's act."""
        found = self._known.get(key)
        return found if found and found.order.person.account == account else None

    async def stop(self) -> None:
        """End what still goes on."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _follow(self, outcome: Outcome, act: Awaitable[Done]) -> None:
        try:
            done = await act
            outcome.link, outcome.sentence = done.link, done.sentence
        except SlussError as error:
            outcome.failed, outcome.sentence = True, str(error)
        except Exception:  # noqa: BLE001 - a defect must not leave the page waiting
            _LOG.exception("%s of %s failed.", outcome.order.kind, outcome.order.use_case)
            outcome.failed, outcome.sentence = True, "That failed by a defect of Sluss; the log has the traceback."
        finally:
            self._changed()
