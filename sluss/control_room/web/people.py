"""The persons who use the control room, and the doors by which they come in."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Person:
    """A person who reads or acts."""

    name: str
    may_act: bool
    token: str = ""  # Airflow's, with which the person acts
    provider: str = ""  # host of the identity provider that named the person, who then reads here and acts in Airflow
    form_token: str = ""  # proof that a form comes from a page that this person was shown

    @property
    def account(self) -> tuple[str, str]:
        """The name, and who gave it: the same name at the provider and in Airflow may be two persons."""
        return self.name, self.provider


STRANGER = Person("", may_act=False)  # who is not logged in


class Door(Protocol):
    """Decides who comes in."""

    asks: bool  # whether there is a login; embedded, the page is for this machine's user

    async def enter(self, name: str, password: str) -> Person | None:
        """Return the person, or None for a wrong name or password.

        Raises:
            NotAllowedError: the account may not read.
            ServiceError: the keeper of the accounts does not answer.
        """
        ...

    async def confirm(self, person: Person) -> Person | None:
        """Return the person with the rights of now, or None if the account has lost them.

        Raises:
            ServiceError: the keeper of the accounts does not answer.
        """
        ...

    async def leave(self, person: Person) -> None:
        """Make the person's token worthless."""
        ...


class OpenDoor:
    """Embedded, a person who can open the page is this machine's user, who has the files anyway."""

    asks = False

    async def enter(self, name: str, password: str) -> Person:  # noqa: ARG002 - nothing is asked
        """Return this machine's user."""
        return this_user()

    async def confirm(self, person: Person) -> Person:
        """Return the same person: rights do not change."""
        return person

    async def leave(self, person: Person) -> None:
        """There is no token."""


def this_user() -> Person:
    """The user of this process."""
    try:
        return Person(getpass.getuser(), may_act=True)
    except OSError:  # a container's user without a name
        return Person("unknown", may_act=True)
