"""The pages on which a person acts: one asks for confirmation, one shows the outcome."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sluss.control_room.web import offered
from sluss.control_room.web.acts import Act, Order
from sluss.control_room.web.airflow import MAY_NOT
from sluss.control_room.web.outcomes import Outcome
from sluss.control_room.web.people import Person
from sluss.control_room.web.request import Fields, KnownState, OneSeen, Reader, found, page

router = APIRouter(default_response_class=HTMLResponse)
IN_AIRFLOW = "With this login, you read here and act in Airflow: go back, and follow the link to its form."
_OF_USE_CASE = "/use-cases/{name}/acts/{kind}"
_OF_ALERT = "/alerts/{name}/{alert_id}/acts/{kind}"


def actor(reader: Reader) -> Person:
    """The person, if the account's role allows to act.

    Raises:
        HTTPException: it does not.
    """
    if reader.provider:
        raise HTTPException(403, IN_AIRFLOW)
    if not reader.may_act:
        raise HTTPException(403, MAY_NOT)
    return reader


Actor = Annotated[Person, Depends(actor)]


def act_on_use_case(one: OneSeen, kind: str, _: Actor) -> Act:
    """The act that the address names, if the use case's state allows it."""
    return found(offered.for_use_case(one).get(kind), f"{one.title} has nothing to {kind} now.")


def act_on_alert(one: OneSeen, alert_id: str, kind: str, _: Actor) -> Act:
    """The act that the address names, if the alert's state allows it."""
    life = found(
        next((life for life in one.lives if life.id == alert_id), None), f"{one.title} has no alert '{alert_id}'."
    )
    return found(offered.for_alert(life).get(kind), f"The alert {alert_id} has nothing to {kind} now.")


OnUseCase = Annotated[Act, Depends(act_on_use_case)]
OnAlert = Annotated[Act, Depends(act_on_alert)]


@router.get(_OF_USE_CASE)
async def ask_about_use_case(one: OneSeen, act: OnUseCase, state: KnownState, person: Actor) -> str:
    """Ask for the confirmation of an act on a use case."""
    return page("act.html", state, person, act=act, seen=one, back=f"/use-cases/{one.name}", given={}, error="")


@router.get(_OF_ALERT)
async def ask_about_alert(one: OneSeen, alert_id: str, act: OnAlert, state: KnownState, person: Actor) -> str:
    """Ask for the confirmation of an act on an alert."""
    return page("act.html", state, person, act=act, seen=one, back=_page_of(one.name, alert_id), given={}, error="")


@router.post(_OF_USE_CASE)
async def do_on_use_case(request: Request, one: OneSeen, act: OnUseCase, person: Actor, fields: Fields) -> Response:
    """Act on a use case."""
    order = Order(act.kind, one.name, person, fields)
    return await _do(request, act, order, f"/use-cases/{one.name}")


@router.post(_OF_ALERT)
async def do_on_alert(request: Request, one: OneSeen, act: OnAlert, person: Actor, fields: Fields) -> Response:
    """Act on an alert."""
    alert_id = request.path_params["alert_id"]
    order = Order(act.kind, one.name, person, fields | {"alert": alert_id})
    return await _do(request, act, order, _page_of(one.name, alert_id))


@router.get("/outcomes/{key}")
async def outcome(request: Request, key: str, state: KnownState, reader: Reader) -> str:
    """The outcome of an act."""
    shown = request.app.state.outcomes.get(key, reader.account)
    return page("outcome.html", state, reader, outcome=found(shown, "This outcome is not kept any more."))


async def _do(request: Request, act: Act, order: Order, back: str) -> Response:
    app = request.app.state
    if error := act.missing(order.given):
        seen = app.known.get(order.use_case)
        content = {"act": act, "seen": seen, "back": back, "given": order.given, "error": error}
        return HTMLResponse(page("act.html", app.known, order.person, **content), 400)
    key = await app.outcomes.begin(Outcome(order, act.title, back), app.hands.do(order))
    return RedirectResponse(f"/outcomes/{key}", 303)


def _page_of(name: str, alert_id: str) -> str:
    return f"/alerts/{name}/{alert_id}"
