"""The parts of a request that every page needs: the state, the use case of the address, and the person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, TypeVar

from fastapi import Depends, HTTPException, Request

from sluss.control_room.known import Known, Seen
from sluss.control_room.web import links
from sluss.control_room.web.csrf import checked_form
from sluss.control_room.web.people import Person
from sluss.control_room.web.site import render

NOT_FOUND = 404
Content = TypeVar("Content")


def person(request: Request) -> Person:
    """The person who asks, as the guard has found."""
    found: Person = request.state.person
    return found


def known(request: Request) -> Known:
    """The state that the pages show."""
    found: Known = request.app.state.known
    return found


KnownState = Annotated[Known, Depends(known)]
Reader = Annotated[Person, Depends(person)]
Fields = Annotated[dict[str, str], Depends(checked_form)]


def seen(name: str, state: KnownState) -> Seen:
    """The use case of the address.

    Raises:
        HTTPException: there is none of that name.
    """
    return found(state.get(name), f"There is no use case '{name}' in config/.")


OneSeen = Annotated[Seen, Depends(seen)]


def found(content: Content | None, sentence: str) -> Content:
    """Return the content, if there is any.

    Raises:
        HTTPException: there is none.
    """
    if content is None:
        raise HTTPException(NOT_FOUND, sentence)
    return content


def page(template: str, state: Known, reader: Person, /, **content: object) -> str:
    """Render a page with what every page shows: place, moment and person."""
    shared = {"place": state.settings.place, "now": datetime.now(UTC), "links": links.of(state.settings)}
    return render(template, **{"person": reader} | shared | content)
