"""The acts of a person, the questions that each asks first, and the hands that carry them out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sluss.control_room.web.people import Person


@dataclass(frozen=True)
class Field:
    """A field of the form of an act."""

    name: str
    label: str
    required: bool = False
    kind: str = "area"  # area, text, date or hidden
    value: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Act:
    """An act, and the page that asks for its confirmation."""

    kind: str
    title: str
    sentence: str  # the effect
    button: str
    fields: tuple[Field, ...]
    danger: bool = False

    def missing(self, given: Mapping[str, str]) -> str:
        """Return a sentence about the first field that is required and empty; empty if there is none."""
        empty = next((each for each in self.fields if each.required and not given.get(each.name, "").strip()), None)
        return f"Fill in '{empty.label}'." if empty else ""


@dataclass(frozen=True)
class Order:
    """An act that a person has confirmed."""

    kind: str
    use_case: str
    person: Person
    given: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> str:
        """Return the text of a field, without spaces around it."""
        return self.given.get(name, "").strip()


@dataclass(frozen=True)
class Done:
    """The result in a sentence, and the place in Airflow where more is shown."""

    sentence: str
    link: str = ""


class Hands(Protocol):
    """Does what a person has confirmed."""

    async def do(self, order: Order) -> Done:
        """Carry out an order.

        Raises:
            SlussError: it cannot be done; the sentence gives the reason.
        """
        ...


REASON = Field("reason", "Reason", required=True, hint="For the ledger, and for the next person.")
REMARK = Field("reason", "Remark", hint="You may leave it empty.")
