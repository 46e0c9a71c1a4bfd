"""A forecast from a table to a monitored champion: what is sound passes every gate, and each mistake is refused."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from gate_world import GATES, answer, evidence_on, fitted, registered, rows_until
from problem_loop import Loop
from problem_world import content_of

from sluss.config.settings import Settings
from sluss.interval import Interval
from tasks import deploy_model, train_model, validate_model

STEPS, HISTORY = 24, 56
START = datetime(2025, 11, 1, tzinfo=UTC)
COLUMNS = ["id", "event_time", "arrived_at", "step", "week", "day", "warm", "weekday"]
LEVELS = [0.025, 0.1, 0.5, 0.9, 0.975]


def series(days):
    """Rows of each day's steps, made at the noon before; from the day HISTORY + 4 on, all are 8 lower."""
    random, place = np.random.default_rng(5), np.arange((days + 7) * STEPS)
    day, step = place // STEPS - 7, place % STEPS
    warm = np.repeat(random.normal(size=days + 7), STEPS)
    effect = np.where(day >= HISTORY + 4, -8.0, 2.0 * warm)
    label = 50 + 5 * np.sin(step / 4) + 6 * (day % 7 >= 5) + effect + random.normal(0, 0.7, len(place))
    rows = pd.DataFrame(
        {"id": [f"r{each}" for each in place], "step": step.astype(float), "warm": warm, "label": label}
    )
    rows["week"], rows["day"] = rows.label.shift(7 * STEPS), rows.label.shift(2 * STEPS)
    rows["weekday"] = (day % 7).astype(float)
    rows["event_time"] = rows["arrived_at"] = [START + timedelta(days=int(each) - 1, hours=12) for each in day]
    rows["label_time"] = [START + timedelta(days=int(d), hours=int(s) + 1) for d, s in zip(day, step, strict=True)]
    return rows[day >= 1]


def content():
    number = {"kind": "number", "nullable": True}
    live = START + timedelta(days=HISTORY)
    found = content_of("quantiles", "pinball") | {
        "name": "series", "model": "series_model", "quantiles": LEVELS,
        "live_start": live.date(), "live_end": (live + timedelta(days=12)).date(),
        "forecast": {"horizon": STEPS, "naive": ["week", "day"], "step": "step"},
        "features": ["step", "week", "warm", "weekday", "day"],
    }  # fmt: skip
    found["source"] |= {"start": START.date()}
    found["curation"] |= {
        "columns": {"id": {"kind": "text"}, "event_time": {"kind": "time"}} | dict.fromkeys(COLUMNS[3:], number),
        "min_rows": 1, "max_age_hours": 48,
    }  # fmt: skip
    found["training"] |= {
        "window_days": HISTORY, "holdout_days": 12, "folds": 2, "min_rows": 300, "slices": [],
        "preprocessing": [{"columns": "numbers", "steps": ["passthrough"]}],
        "estimator": {"class": "components.forecast.ConformalForecast", "params": {"iterations": 12}},
    }  # fmt: skip
    found["gates"] |= {"min_training_rows": 300, "min_gain": 0.2, "max_ms_per_1000_rows": 5000, "slice_min_rows": 40}
    found["monitoring"] |= {"min_rows": 1, "quality_rows": 48, "window_days": 40, "quality_drop": 0.3}
    return found


@pytest.fixture(scope="module")
def world(new_home):
    """A trained and deployed version, with what its gates said."""
    home = new_home("series")
    config = home / "config"
    config.mkdir()
    (config / "series.yaml").write_text(yaml.safe_dump(content()))
    sql = "SELECT {} FROM series_{} WHERE {} >= $1 AND {} < $2 ORDER BY 1"
    (config / "series.sql").write_text(sql.format(", ".join(COLUMNS), "rows", "event_time", "event_time"))
    (config / "series_labels.sql").write_text(sql.format("id, label, label_time", "labels", "label_time", "label_time"))
    known, rows = Loop(Settings(home=home, config_dir=config, data=None), "series"), series(HISTORY + 12)
    whole = Interval(START - timedelta(days=30), START + timedelta(days=200))
    with known.context.warehouse() as warehouse:
        for name, time, names in (
            ("rows", "arrived_at", COLUMNS), ("labels", "label_time", ["id", "label", "label_time"]),
        ):  # fmt: skip
            table = pa.table({each: rows[each].tolist() for each in names})
            warehouse.replace(f"series_{name}", iter(table.to_batches()), time, whole)
    known.curate(known.context.use_case.history)
    version = train_model.run(known.context, known.context.use_case.history.end)
    gates = {each.gate: each for each in validate_model.run(known.context, version.version).results}
    deploy_model.run(known.context, version.version)
    return known, version, gates


@pytest.fixture(scope="module")
def until(world):
    return world[0].context.use_case.history.end


def test_a_sound_forecast_passes_every_gate_against_the_naive_one(world):
    _, version, gates = world
    assert [result.sentence for result in gates.values() if not result.passed] == []
    assert "The best naive forecast gives a pinball loss of" in gates["quality"].sentence
    metrics = version.metrics
    expected = 1 - metrics["holdout_pinball"] / metrics["baseline_pinball"]
    assert gates["quality"].figures["gain"] == pytest.approx(expected)
    assert metrics["baseline_pinball"] == metrics["naive.week.pinball"]
    assert metrics["relative_mae.week"] < 0.8
    assert 0.7 < metrics["holdout_coverage_80"] < 0.9


def with_pipeline(world, until, change, **rows):
    known = world[0]
    read = dataclasses.replace(rows_until(known.context, until), **rows)
    pipeline = fitted(known.context.use_case, read.train)
    change(pipeline.named_steps["estimator"])
    return registered(known.context, pipeline, read, until)


def test_intervals_that_are_much_too_narrow_are_refused(world, until):
    def narrow(estimator):
        estimator.offsets_ = estimator.offsets_ * 0.02

    result = answer(world[0].context, "calibration", with_pipeline(world, until, narrow))
    assert not result.passed
    assert "a number up to the quantile" in result.sentence


def test_a_model_that_is_no_better_than_the_naive_forecast_is_refused(world, until):
    known = world[0]
    read = rows_until(known.context, until)
    shuffled = read.train.assign(label=read.train.label.sample(frac=1, random_state=1).to_numpy())
    pipeline = fitted(known.context.use_case, shuffled)
    result = answer(known.context, "quality", registered(known.context, pipeline, read, until))
    assert not result.passed
    assert "It beats the best naive forecast" in result.sentence


def with_rows(context, version, gate, change):
    """The gate's answer if the lake had given other rows."""
    with evidence_on(context, version) as evidence:
        read = evidence.read_rows
        parts = {name: change(getattr(read, name).copy()) for name in ("train", "holdout")}
        evidence.__dict__["read_rows"] = dataclasses.replace(read, **parts)
        return GATES[gate](evidence)


@pytest.fixture(scope="module")
def sound(world, until):
    return with_pipeline(world, until, lambda _: None)


def test_the_demand_of_the_target_itself_among_the_features_is_a_leak(world, sound):
    def leaking(rows):
        return rows.assign(warm=rows.label + np.random.default_rng(1).normal(0, 0.01, len(rows)))

    result = with_rows(world[0].context, sound, "leak", leaking)
    assert not result.passed
    assert "warm" in result.sentence
    assert with_rows(world[0].context, sound, "leak", lambda rows: rows).passed


def test_labels_that_are_shifted_by_a_step_are_refused(world, sound):
    def shifted(rows):
        return rows.assign(label=rows.label.shift(1, fill_value=50.0))

    result = with_rows(world[0].context, sound, "labels", shifted)
    assert not result.passed
    assert "have another one now" in result.sentence


def test_a_change_is_found_by_the_labels_of_a_few_forecasts(world):
    known, _, _ = world
    states = {}
    for number in range(9):
        day = (START + timedelta(days=HISTORY + number)).date()
        monitored = known.live(f"{day:%Y-%m-%d}")
        for alert in monitored.alerts:
            states.setdefault(alert.type, []).append((number, alert.state))
        if monitored.summary.quality:
            assert monitored.summary.quality.metric == "pinball"
    # The forecasts of day 3 on are of days with another level; their labels come a day later.
    raised = [number for number, state in states.get("quality_drop", []) if state == "raised"]
    assert raised
    assert 4 <= raised[0] <= 6
