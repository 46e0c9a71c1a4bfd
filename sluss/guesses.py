"""Limits on guessing passwords: waits that grow, per name and per address.

MLflow's and Airflow's servers limit guesses with this module, too. Their images have no other of Sluss, so it needs the
standard library alone.
"""

from __future__ import annotations

import ipaddress
import time
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FREE = {"name": 5, "address": 20}  # failures before the first wait
# For accounts that programs use all the time. A name is held up where it was guessed, and the two other limits apply
# only to an address from which the name was never right: guesses from elsewhere cannot lock out the tasks.
FREE_OF_SERVICES = {"pair": 5, "name": 100, "address": 40}
LONGEST = 300.0  # seconds of a wait
LONGEST_OF_SERVICES = 60.0
FORGOTTEN = 60 * 60.0  # seconds without a failure after which the count begins anew
_KEPT = 20_000  # names and addresses

Key = tuple[str, str]


@dataclass
class _Count:
    failures: int = 0
    last: float = 0.0


class Limits:
    """Counts failures. An attempt counts as failed until it has succeeded, so attempts at once gain nothing."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        free: Mapping[str, int] = FREE,
        longest: float = LONGEST,
    ) -> None:
        self._clock, self._free, self._longest = clock, free, longest
        self._counts: dict[Key, _Count] = {}
        self._known: dict[Key, None] = {}  # names with an address from which they were right, the oldest first

    @classmethod
    def of_services(cls, clock: Callable[[], float] = time.monotonic) -> Limits:
        """Limits where programs log in at each request."""
        return cls(clock, FREE_OF_SERVICES, LONGEST_OF_SERVICES)

    def left(self, name: str, address: str) -> float:
        """Return the seconds until the next attempt, without counting one."""
        now = self._clock()
        return max(self._left(key, now) for key in self._keys(name, address))

    def wait(self, name: str, address: str) -> float:
        """Return the seconds until the next attempt; 0 counts this one, as failed."""
        now = self._clock()
        if (left := self.left(name, address)) > 0:
            return left
        for key in self._keys(name, address):
            count = self._counts.pop(key, None) or _Count()
            self._counts[key] = _Count(1 if self._is_old(count, now) else count.failures + 1, now)
        self._make_room()
        return 0.0

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of the name, and this attempt of the address.

        The address keeps its failures: with an account of their own, a person could guess that of another for ever.
        """
        self.undone(name, address)
        keys = _every_key(name, address)
        self._counts.pop(keys["pair" if "pair" in self._free else "name"], None)
        if "pair" in self._free:
            self._known.pop(keys["pair"], None)
            self._known[keys["pair"]] = None
            if len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]

    def undone(self, name: str, address: str) -> None:
        """Take back an attempt that could not be judged."""
        for key in self._keys(name, address):
            if count := self._counts.get(key):
                count.failures -= 1

    def _keys(self, name: str, address: str) -> list[Key]:
        keys = _every_key(name, address)
        return [keys["pair"]] if keys["pair"] in self._known else [keys[kind] for kind in self._free]

    def _left(self, key: Key, now: float) -> float:
        count = self._counts.get(key)
        if count is None or self._is_old(count, now):
            return 0.0
        over = count.failures - self._free[key[0]]
        return 0.0 if over < 0 else count.last + min(self._longest, 2.0 ** min(over, 20)) - now

    def _is_old(self, count: _Count, now: float) -> bool:
        return now - count.last > FORGOTTEN

    def _make_room(self) -> None:
        """Drop the counts with the fewest failures: floods of new names must not drop that of a guessed one."""
        if len(self._counts) > _KEPT:
            fewest = sorted(self._counts, key=lambda key: (self._counts[key].failures, self._counts[key].last))
            for key in fewest[: _KEPT // 10]:
                del self._counts[key]


def _every_key(name: str, address: str) -> dict[str, Key]:
    one, network = unicodedata.normalize("NFKC", name).strip().casefold(), _network(address)
    return {"name": ("name", one), "address": ("address", network), "pair": ("pair", f"{network} {one}")}


def _network(address: str) -> str:
    """An IPv6 address counts with all of its /64, which one machine may have for itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))
