"""Limits on guessing passwords: waits that grow, per name and per address."""

from __future__ import annotations

import ipaddress
import time
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FREE = {"name": 5, "address": 20}  # failures before the first wait
LONGEST = 300.0  # seconds of a wait
FORGOTTEN = 60 * 60.0  # seconds without a failure after which the count begins anew
_KEPT = 20_000  # names and addresses


@dataclass
class _Count:
    failures: int = 0
    last: float = 0.0


class Limits:
    """Counts failures. An attempt counts as failed until it has succeeded, so attempts at once gain nothing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: dict[tuple[str, str], _Count] = {}

    def wait(self, name: str, address: str) -> float:
        """Return the seconds until the next attempt; 0 counts this one, as failed."""
        now, keys = self._clock(), _keys(name, address)
        left = max(self._left(key, now) for key in keys)
        if left > 0:
            return left
        for key in keys:
            count = self._counts.pop(key, None) or _Count()
            self._counts[key] = _Count(1 if self._is_old(count, now) else count.failures + 1, now)
        self._make_room()
        return 0.0

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of the name, and this attempt of the address.

        The address keeps its failures: with an account of their own, a person could guess that of another for ever.
        """
        by_name, _ = _keys(name, address)
        self.undone(name, address)
        self._counts.pop(by_name, None)

    def undone(self, name: str, address: str) -> None:
        """Take back an attempt that could not be judged."""
        for key in _keys(name, address):
            if count := self._counts.get(key):
                count.failures -= 1

    def _left(self, key: tuple[str, str], now: float) -> float:
        count = self._counts.get(key)
        if count is None or self._is_old(count, now):
            return 0.0
        over = count.failures - FREE[key[0]]
        return 0.0 if over < 0 else count.last + min(LONGEST, 2.0 ** min(over, 20)) - now

    def _is_old(self, count: _Count, now: float) -> bool:
        return now - count.last > FORGOTTEN

    def _make_room(self) -> None:
        """Drop the counts with the fewest failures: floods of new names must not drop that of a guessed one."""
        if len(self._counts) > _KEPT:
            fewest = sorted(self._counts, key=lambda key: (self._counts[key].failures, self._counts[key].last))
            for key in fewest[: _KEPT // 10]:
                del self._counts[key]


def _keys(name: str, address: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("name", unicodedata.normalize("NFKC", name).strip().casefold()), ("address", _network(address))


def _network(address: str) -> str:
    """An IPv6 address counts with all of its /64, which one machine may have for itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))
