"""How far scoring is behind its schedule, in each unit and around daylight saving."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sluss.config.settings import ROOT
from sluss.control_room.freshness import freshness
from sluss.use_cases import UseCase


def made(unit="day", zone="UTC", end="2026-01-24"):
    schedule = {"day": "0 0 * * *", "hour": "0 * * * *", "month": "0 0 1 * *"}[unit]
    content = yaml.safe_load((ROOT / "config" / "sentiment.yaml").read_text(encoding="utf-8"))
    changed = {"unit": unit, "schedule": schedule, "schedule_zone": zone, "live_end": end}
    return UseCase.model_validate(content | changed)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "scored", "behind", "fresh"),
    [
        ("2026-01-01T12:00", None, 0, True),
        ("2026-01-02T00:05", None, 0, True),  # it has just ended: its run has a quarter of an hour
        ("2026-01-02T00:20", None, 1, False),
        ("2026-01-04T12:00", None, 3, False),
        ("2026-01-04T12:00", "2026-01-03", 0, True),
        ("2026-01-04T12:00", "2026-01-01", 2, False),
        ("2026-03-01T12:00", "2026-01-23", 0, True),  # the last one
        ("2026-03-01T12:00", "2026-01-20", 3, False),
        ("2026-01-02T12:00", "2026-01-20", 0, True),  # a clock that went back
    ],
)
def test_days_are_counted_from_the_schedule(now, scored, behind, fresh):
    found = freshness(made(), scored, at(now), scheduled=True)
    assert (found.behind, found.fresh) == (behind, fresh)
    assert found.words


def test_embedded_no_schedule_is_missed():
    found = freshness(made(), "2026-01-05", at("2026-06-01T00:00"), scheduled=False)
    assert found.fresh is None
    assert "no schedule runs here" in found.words


@pytest.mark.parametrize(("unit", "zone"), [("day", "Europe/Berlin"), ("hour", "UTC"), ("month", "America/New_York")])
@given(steps=st.integers(1, 400))
def test_the_count_is_that_of_the_intervals_themselves(unit, zone, steps):
    use_case = made(unit, zone, end=None)
    starts = [use_case.first_live]
    for _ in range(steps):
        starts.append(use_case.unit.after(starts[-1]))
    now = starts[-1] + timedelta(minutes=30)
    assert freshness(use_case, None, now, scheduled=True).behind == steps
    scored = use_case.unit.partition(starts[steps // 2])
    assert freshness(use_case, scored, now, scheduled=True).behind == steps - 1 - steps // 2
