"""The persons who use the control room, and how they log in."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Person:
    """A person who is logged in."""

    name: str
    may_act: bool
    token: str = ""  # Airflow's, with which the person acts


class Door(Protocol):
    """Decides who comes in."""

    asks: bool  # whether there is a login; embedded, the page is for this machine's user

    def enter(self, name: str, password: str) -> Person | None:
        """Return the person, or None for a wrong name or password."""
        ...


class OpenDoor:
    """Embedded, whoever can open the page is this machine's user, who has the files anyway."""

    asks = False

    def enter(self, name: str, password: str) -> Person:  # noqa: ARG002 - nothing is asked
        """Return this machine's user."""
        return this_user()


def this_user() -> Person:
    """The user of this process."""
    try:
        return Person(getpass.getuser(), may_act=True)
    except OSError:  # a container's user without a name
        return Person("unknown", may_act=True)
