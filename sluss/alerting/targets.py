"""Receivers of news, from the environment: addresses hold secrets, so they are in no config and in no table."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sluss.problems.condition import Severity

PREFIX = "SLUSS_NOTIFY"
NONE = "none"  # for a use case whose news go nowhere
_WEBHOOK = ("webhook+https://", "webhook+http://")
_DIGEST = 12


@dataclass(frozen=True)
class Target:
    """One receiver. Its address never leaves this object in a text."""

    address: str

    def __repr__(self) -> str:
        return f"Target({self.name})"

    @property
    def is_webhook(self) -> bool:
        """Whether it is a webhook of our own kind, and not an address of Apprise."""
        return self.address.startswith(_WEBHOOK)

    @property
    def url(self) -> str:
        """The address of a webhook."""
        return self.address.removeprefix("webhook+")

    @property
    def digest(self) -> str:
        """Its name in the tables."""
        return sha256(self.address.encode()).hexdigest()[:_DIGEST]

    @property
    def name(self) -> str:
        """Its name for people: the kind, and enough of the digest to tell two apart."""
        kind = "webhook" if self.is_webhook else self.address.partition("://")[0]
        # A text that is not an address may be a secret as well.
        return f"{kind if kind.isalnum() and '://' in self.address else 'address'}-{self.digest[:4]}"


def targets(use_case: str, severity: Severity, environment: Mapping[str, str] | None = None) -> list[Target]:
    """Return the receivers of a use case's news of a severity: those of the most specific variable that is set.

    In this order: `SLUSS_NOTIFY_<USE_CASE>_CRITICAL`, `SLUSS_NOTIFY_<USE_CASE>`, `SLUSS_NOTIFY_CRITICAL`,
    `SLUSS_NOTIFY`; the two for `critical` only for a critical alert.
    """
    values = os.environ if environment is None else environment
    for name in variables(use_case, severity):
        if value := values.get(name, "").strip():
            addresses = [] if value.lower() == NONE else [each.strip(",") for each in value.split()]
            return [Target(address) for address in dict.fromkeys(addresses)]
    return []


def variables(use_case: str, severity: Severity) -> Iterator[str]:
    """The names of the variables, the most specific first."""
    for name in (f"{PREFIX}_{use_case.upper()}", PREFIX):
        if severity == "critical":
            yield f"{name}_CRITICAL"
        yield name


def any_target(use_case: str) -> bool:
    """Whether any news of a use case has a receiver."""
    return bool(targets(use_case, "warning") or targets(use_case, "critical"))
