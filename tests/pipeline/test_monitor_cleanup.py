"""Retention: what is old goes, what a model needs stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from monitor_world import World, world_from

from sluss.config.operation import Retention
from sluss.context import Context
from sluss.interval import Interval, parse_interval
from sluss.monitoring.retention import CleanedUp, _is_due, clean_up
from sluss.registry.champion import champion

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase


@pytest.fixture(scope="module")
def world(template: Path, tmp_path_factory: pytest.TempPathFactory, sentiment: UseCase) -> World:
    """Six days, monitored twice over, with a retention of three days for predictions and two for runs."""
    home = tmp_path_factory.mktemp("cleanup") / "home"
    keep = Retention(predictions_days=3, monitoring_runs_days=2, table_history_hours=0)
    world = world_from(template, home, sentiment.model_copy(update={"retention": keep}))
    world.live(*["usual"] * 6, rows=60)
    world.live(*["usual"] * 6, rows=70)
    world.monitor(*range(6))
    return world


@pytest.fixture(scope="module")
def done(world: World) -> CleanedUp:
    return clean_up(Context(world.settings, world.use_case), world.day(5))


def days(world: World, table: str) -> set[str]:
    return {row["interval"] for row in world.rows(table)}


def test_old_predictions_go_and_recent_ones_stay(world, done):
    assert done.partitions == 3
    assert days(world, "predictions") == {"2026-01-04", "2026-01-05", "2026-01-06"}


def test_old_monitoring_runs_go_but_what_they_found_stays(world, done):
    assert done.runs == 4
    assert [run.info.run_name for run in world.runs()] == ["2026-01-05", "2026-01-06"]
    assert len(days(world, "monitoring")) == 6


@pytest.mark.usefixtures("done")
def test_data_that_a_model_was_trained_on_can_still_be_read_at_every_version(world):
    for table in ("curated", "labels"):
        assert days(world, table) >= {"2026-01-03"}
        for version in range(world.lake.table(table).version() + 1):
            assert world.lake.dataset(table, version).to_table().num_rows > 0


def test_files_of_deleted_predictions_leave_the_disk(world, done):
    assert done.files > 0
    folder = Path(world.lake.uri("predictions"))
    assert {path.parent.name for path in folder.glob("interval=*/*.parquet")} == {
        f"interval=2026-01-0{day}" for day in (4, 5, 6)
    }


@pytest.mark.usefixtures("done")
def test_models_are_never_touched(world):
    assert champion(Context(world.settings, world.use_case)).version


@pytest.mark.usefixtures("done")
def test_cleaning_up_again_finds_nothing_to_do(world):
    before = world.lake.table("predictions").version()
    assert clean_up(Context(world.settings, world.use_case), world.day(5)) == CleanedUp(0, 0, 0)
    assert world.lake.table("predictions").version() == before


@pytest.mark.parametrize(("hours", "days", "looks"), [(0, 14, 14), (24, 14, 14), (168, 14, 2), (36, 30, 20)])
def test_files_are_looked_for_once_in_each_span_of_the_history(hours, days, looks):
    first = parse_interval("2026-01-02", "day")
    each = [Interval(first.start + timedelta(days=day), first.end + timedelta(days=day)) for day in range(days)]
    assert sum(_is_due(interval, hours) for interval in each) == looks
