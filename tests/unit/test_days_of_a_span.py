"""Days that a person reads or gives, for every unit and zone: the command that catches up, the form, the request."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sluss.config.settings import ROOT, Settings
from sluss.control_room.known import Seen
from sluss.control_room.standing import Standing
from sluss.control_room.status import status_of
from sluss.control_room.web.acts import Order
from sluss.control_room.web.acts_airflow import HandsInAirflow
from sluss.control_room.web.airflow import Airflow
from sluss.control_room.web.offered import for_use_case
from sluss.control_room.web.people import Person
from sluss.interval import first_day, unit_of
from sluss.registry.ledger import Entry
from sluss.reporting.facts import nothing_monitored
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase

NOW = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "unit", "zone", "day"),
    [
        ("2003-04", "quarter", "UTC", "2003-04-01"),
        ("2003-05", "month", "Asia/Kolkata", "2003-05-01"),
        ("2026-01-05", "week", "America/New_York", "2026-01-05"),
        ("2014-11-10", "day", "Australia/Melbourne", "2014-11-10"),
        ("2026-01-05T13", "hour", "UTC", "2026-01-05"),
        ("2026-01-05T23:45", "15 minutes", "UTC", "2026-01-05"),
    ],
)
def test_an_interval_begins_on_a_day_of_its_own_calendar(name: str, unit: str, zone: str, day: str) -> None:
    assert first_day(name, unit_of(unit, zone)) == date.fromisoformat(day)


def quarterly() -> UseCase:
    return load_use_case("recommendation", ROOT / "config")


@pytest.mark.parametrize(("scored", "first"), [(None, "2003-01-01"), ("2003-04", "2003-04-01")])
def test_the_command_that_catches_up_names_days_also_for_quarters(scored: str | None, first: str) -> None:
    champion = Entry(1, NOW, "promote", "1", None, "ada", "", {}, "", "")
    found = status_of(quarterly(), Standing(NOW, entries=(champion,), scored=scored), NOW, scheduled=True)
    assert found.freshness is not None
    assert found.freshness.due is not None
    assert found.next == f"make backfill USE_CASE=recommendation FROM={first} TO={found.freshness.due}-01"


@pytest.mark.parametrize(
    ("change", "year", "level"), [({}, 2026, "idle"), ({"catch_up": True}, 2026, "critical"), ({}, 2005, "critical")]
)
def test_without_a_champion_a_schedule_that_runs_needs_one(change: dict[str, Any], year: int, level: str) -> None:
    now = NOW.replace(year=year)
    found = status_of(quarterly().model_copy(update=change), Standing(now), now, scheduled=True)
    assert (found.level, found.next) == (level, "make train deploy USE_CASE=recommendation")


def test_the_form_proposes_a_day_also_for_quarters() -> None:
    seen = Seen("recommendation", quarterly(), standing=Standing(NOW))
    form = for_use_case(seen)["backfill"]
    assert {field.value for field in form.fields if field.kind == "date"} == {"2003-01-01"}


def test_a_span_of_the_form_is_asked_for_in_the_zone_of_the_schedule() -> None:
    asked: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content))
        return httpx.Response(200, json={"id": 1})

    hands = HandsInAirflow(Airflow("http://airflow", transport=httpx.MockTransport(answer)), Settings(data=None))
    order = Order("backfill", "demand", Person("ann", may_act=True), {"first": "2014-11-10", "last": "2014-11-11"})
    asyncio.run(hands.do(order))
    span = [datetime.fromisoformat(asked[0][name]) for name in ("from_date", "to_date")]
    assert span == [datetime(2014, 11, 9, 13, tzinfo=UTC), datetime(2014, 11, 11, 12, 59, 59, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("champion", "cure"), [(None, "make train deploy USE_CASE=recommendation"), ("1", "Score and")]
)
def test_a_report_of_nothing_names_what_comes_next(champion: str | None, cure: str) -> None:
    sentence = str(nothing_monitored(quarterly(), champion))
    assert f"nothing to report. {cure}" in sentence.replace("Train and deploy a model (", "")
    assert "make score USE_CASE=recommendation INTERVAL=2003-01" in sentence
