"""The door of the stack: Airflow's accounts and roles are the truth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sluss.control_room.web.airflow import NotAllowedError
from sluss.control_room.web.people import Person
from sluss.use_cases import use_case_names

if TYPE_CHECKING:
    from pathlib import Path

    from sluss.control_room.web.airflow import Airflow


class AirflowDoor:
    """Lets in the accounts of Airflow that may read there. Those that may start runs there may act here."""

    asks = True

    def __init__(self, airflow: Airflow, config_dir: Path) -> None:
        self._airflow, self._config_dir = airflow, config_dir

    async def enter(self, name: str, password: str) -> Person | None:
        """Return the person, with a token of Airflow, or None for a wrong name or password."""
        token = await self._airflow.token(name, password)
        if token is None:
            return None
        person = await self.confirm(Person(name, may_act=False, token=token))
        if person is None:
            raise NotAllowedError("This account may not read in Airflow: ask an administrator for the role Viewer.")
        return person

    async def confirm(self, person: Person) -> Person | None:
        """Return the person with the rights of now, or None if the account may not even read."""
        if not await self._airflow.may_read(person.token):
            return None
        names = use_case_names(self._config_dir)
        may_act = bool(names) and await self._airflow.may_act(person.token, f"{names[0]}_scoring")
        return replace(person, may_act=may_act)

    async def leave(self, person: Person) -> None:
        """Make the person's token worthless."""
        if person.token:
            await self._airflow.forget(person.token)
