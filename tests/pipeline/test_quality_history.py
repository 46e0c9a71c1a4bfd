"""The record of the labels is that of all labels known at each interval's end, however they came."""

from __future__ import annotations

import json
from datetime import timedelta

import pandas as pd
import pytest
from monitor_world import World, world_from

from sluss.monitoring.quality_history import read_history
from sluss.monitoring.tables import MONITORING, last_before


@pytest.fixture
def world(template, tmp_path, sentiment) -> World:
    return world_from(template, tmp_path / "home", sentiment)


def history(world, day):
    return read_history(next(row["quality_history"] for row in world.rows(MONITORING) if row["interval"] == day))


def test_a_day_after_others_has_what_it_would_have_alone(world, template, tmp_path, sentiment):
    alone = world_from(template, tmp_path / "alone", sentiment)
    for each in (world, alone):
        each.live(*["usual"] * 9)
        labels = pd.DataFrame(each.rows("labels"))
        # Some labels come five days late, and some are corrected after six.
        late = labels.id.str.endswith("7")
        labels.loc[late, "label_time"] += timedelta(days=5)
        corrected = labels[labels.id.str.endswith("3")]
        corrected = corrected.assign(label=corrected.label ^ 1, label_time=corrected.label_time + timedelta(days=6))
        labels = pd.concat([labels, corrected])
        labels["interval"] = labels.label_time.dt.strftime("%Y-%m-%d")
        labels = labels[labels.interval < "2026-01-10"].sort_values("interval")
        each.lake.replace("labels", each.lake.dataset("labels").to_table().slice(0, 0), "2026-01-01", "9999")
        each.replace("labels", labels.astype({"label": "int8"}))
    world.monitor(*range(9))
    alone.monitor(8)
    found, expected = history(world, "2026-01-09"), history(alone, "2026-01-09")
    assert found.whole.recent.keys() == expected.whole.recent.keys()
    for day, sample in found.whole.recent.items():
        assert sample.as_list() == pytest.approx(expected.whole.recent[day].as_list()), day
    assert found.whole.since_promotion.units > 1500


def test_intervals_that_leave_the_window_are_kept_together(world, sentiment):
    short = sentiment.model_copy(update={"monitoring": sentiment.monitoring.model_copy(update={"window_intervals": 3})})
    world.use_case = short
    world.live(*["usual"] * 7)
    world.monitor(*range(7))
    found = history(world, "2026-01-07").whole
    assert min(found.recent) >= "2026-01-05"
    assert found.older.intervals == 4
    assert found.since_promotion.units == sum(1 for row in world.rows("labels") if row["interval"] <= "2026-01-07")


def test_a_table_of_an_older_release_gets_the_new_columns(world):
    world.live(*["usual"] * 4)
    world.monitor(0, 1)
    old = world.lake.dataset(MONITORING).to_table().drop_columns(["quality_history", "probation", "watch"])
    folder = world.settings.home / "lake" / world.use_case.name / MONITORING
    folder.rename(folder.with_name("monitoring-before"))
    world.lake.replace(MONITORING, old, "2026-01-01", "9999")
    assert last_before(world.lake, "2026-01-03").state.history is None
    world.monitor(2, 3)
    rows = {row["interval"]: row["quality_history"] for row in world.rows(MONITORING)}
    assert rows["2026-01-01"] is None
    assert json.loads(rows["2026-01-04"])["version"] == "1"
    assert history(world, "2026-01-04").whole.since_promotion.units > 500


def test_an_interval_after_thousands_carries_no_more_than_one_after_ten(world):
    world.live(*["usual"] * 12)
    world.monitor(*range(12))
    sizes = [len(row["quality_history"]) for row in world.rows(MONITORING)]
    assert max(sizes) < 20_000
