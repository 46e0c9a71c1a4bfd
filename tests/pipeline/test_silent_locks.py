"""A lock that stays silent in the nightly drill becomes an alert that reaches a person, and ends when it holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from monitor_world import World, world_from

from sluss.alerting.before import before
from sluss.alerting.message import single
from sluss.alerting.news import news, read_written
from sluss.context import Context
from sluss.drill.drill import tell_monitor
from sluss.monitoring.silent_locks import TYPE, Silence
from sluss.training.decision import read_facts

if TYPE_CHECKING:
    from pathlib import Path

    from sluss.config.use_case import UseCase

INVERTED = Silence("labels inverted for all rows", "labels", "Every step went through.")
CUT = Silence("the file is cut off", "curation", "Every step went through.")


@pytest.fixture
def world(template: Path, tmp_path: Path, sentiment: UseCase) -> World:
    made = world_from(template, tmp_path / "home", sentiment)
    made.live(*["usual"] * 3)
    return made


def drilled(world, *silent):
    tell_monitor(Context(world.settings, world.use_case), silent)


def test_it_is_raised_at_once_and_named_in_the_message(world):
    world.monitor(0, 1)
    drilled(world, INVERTED)
    context = Context(world.settings, world.use_case)
    written = read_written(world.lake, datetime(2020, 1, 1, tzinfo=UTC))
    [raised] = [each for each in written.alerts if each.type == TYPE]
    assert (raised.state, raised.interval, raised.severity) == ("raised", "2026-01-02", "critical")
    assert "labels inverted for all rows (labels: Every step went through.)" in raised.message
    assert 'make drill USE_CASE=sentiment NAME="labels inverted for all rows"' in raised.message
    [sent] = [each for each in news(world.use_case, written, datetime.now(UTC)) if each.type == TYPE]
    message = single(world.use_case, [sent], before(context, sent.since, sent.interval), [], None)
    assert "a lock stays silent" in message.subject
    assert "make drill USE_CASE=sentiment" in message.text


def test_other_mistakes_raise_it_anew_and_a_drill_without_silence_ends_it(world):
    world.monitor(0)
    drilled(world, INVERTED)
    assert world.states(1, kind=TYPE) == ["ongoing"]
    drilled(world, INVERTED, CUT)
    assert world.states(1, kind=TYPE) == ["raised"]
    assert world.states(2, kind=TYPE) == ["ongoing"]
    drilled(world)
    assert world.states(2, kind=TYPE) == ["ended"]


def test_no_training_is_due_because_of_it(world):
    world.monitor(0)
    drilled(world, INVERTED)
    facts = read_facts(Context(world.settings, world.use_case), world.lake, world.day(0).end)
    assert facts.alarm is None


def test_a_drill_before_the_first_monitored_interval_is_not_forgotten(world):
    drilled(world, INVERTED)
    assert world.states(0, kind=TYPE) == ["raised"]
