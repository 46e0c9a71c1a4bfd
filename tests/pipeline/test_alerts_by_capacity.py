"""Alerts by capacity: a threshold from the holdout, which every reader of the version uses, and ranked entities."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from gate_world import answer, fitted
from problem_loop import HISTORY, loop, table

from sluss.interval import parse_interval
from sluss.monitoring import tables
from sluss.monitoring.tables import read_rows
from sluss.registry.artifacts import FOUND_FILE, HOLDOUT_FILE, local_copy
from sluss.registry.versions import by_version
from sluss.tracking.client import connect
from sluss.training.candidate import Candidate
from sluss.training.evaluation import judge
from sluss.training.register import register
from sluss.training.rows import training_rows
from tasks import deploy_model, generate_summary, plot_model, train_model

START = datetime(2025, 12, 2, tzinfo=UTC)
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
PER_DAY, HOLDOUT_DAYS, KNOWN_DAYS = 4, 6, 2


@pytest.fixture(scope="module")
def world(new_home):
    rows = table("binary", HISTORY + 3, START)
    rows["customer"] = [f"c{row % 17}" for row in range(len(rows))]
    return loop(
        new_home("capacity"),
        "binary",
        "average_precision",
        rows,
        decision={
            "alerts_per_day": PER_DAY,
            "entity": "customer",
            "known_days": KNOWN_DAYS,
            "costs": [[0, 5], [120, 5]],
            "currency": "EUR",
        },
        gates={"min_metric": 0.1, "min_gain": 0.05, "max_calibration_error": 1.0},
        monitoring={"quality_rows": 100},
    )


@pytest.fixture(scope="module")
def trained(world):
    world.curate(world.context.use_case.history)
    return train_model.run(world.context, world.context.use_case.history.end)


@pytest.fixture(scope="module")
def folder(world, trained):
    return local_copy(world.settings, by_version(world.context, trained.version))


@pytest.fixture(scope="module")
def threshold(folder):
    return json.loads((folder / FOUND_FILE).read_text())["threshold"]


@pytest.fixture(scope="module")
def monitored(world, trained):
    deploy_model.run(world.context, trained.version)
    return {day: world.live(day) for day in DAYS}


def curated(world, columns):
    return read_rows(world.context.lake, "curated", ["id", "event_time", *columns])


def test_the_holdout_raises_no_more_alerts_than_fit_and_the_run_names_them(world, trained, folder, threshold):
    import pandas as pd

    judged = pd.read_parquet(folder / HOLDOUT_FILE).merge(curated(world, ["customer"]), on="id")
    judged["day"] = judged.event_time.dt.date
    raised = judged[judged.score >= threshold].groupby(["day", "customer"]).label.max()
    assert 0 < len(raised) <= PER_DAY * HOLDOUT_DAYS
    metrics = trained.metrics
    assert metrics["holdout_threshold"] == threshold
    assert metrics["holdout_alerts_per_day"] == len(raised) / HOLDOUT_DAYS
    assert metrics["holdout_alert_precision"] == pytest.approx(raised.mean())
    costs = judged.label * (judged.score < threshold) * 120 + (judged.score >= threshold) * 5
    assert metrics["holdout_cost_per_day"] == pytest.approx(costs.sum() / HOLDOUT_DAYS)
    assert metrics["baseline_cost_per_day"] == pytest.approx(judged.label.sum() * 120 / HOLDOUT_DAYS)
    assert connect(world.settings).get_run(trained.run_id).data.metrics["holdout_threshold"] == threshold


def test_predictions_follow_the_threshold(world, monitored, threshold):
    found = read_rows(world.context.lake, "predictions", ["score", "prediction", "confidence"])
    assert len(found) == 60 * len(DAYS)
    raised = found.score >= threshold
    assert 0 < raised.sum() < len(found)
    assert (found.prediction == raised).all()
    assert (found.confidence == found.score.where(raised, 1 - found.score)).all()
    shares = [each.summary.figures["positive_share"] for each in monitored.values()]
    assert sum(shares) == pytest.approx(raised.sum() / 60)


def ranked(rows, reports):
    """Precision by its definition, with loops."""
    found, findable = set(), set()
    for day in sorted(set(rows.day)):
        known = {
            report.customer for report in reports.itertuples()
            if day - timedelta(days=KNOWN_DAYS) <= report.label_time < day
        }  # fmt: skip
        best = {}
        for row in rows[rows.day == day].sort_values("customer").itertuples():
            if row.customer not in known:
                score, label = best.get(row.customer, (0.0, 0))
                best[row.customer] = max(score, row.score), max(label, row.label)
        left = sorted(best.keys() - found, key=lambda name: (-best[name][0], name))[:PER_DAY]
        found |= {name for name in left if best[name][1]}
        findable |= set([name for name in sorted(best.keys() - findable) if best[name][1]][:PER_DAY])
    return len(found) / (PER_DAY * len(set(rows.day))), len(found) / len(findable)


def test_the_monitor_ranks_entities_by_the_labels_known_at_the_end(world, monitored):
    end = START + timedelta(days=33)
    labels = read_rows(world.context.lake, "labels", ["id", "label", "label_time"])
    labels = labels[labels.label_time < end].merge(curated(world, ["customer"]), on="id")
    scored = read_rows(world.context.lake, "predictions", ["id", "score"]).merge(labels, on="id")
    summary = monitored[DAYS[-1]].summary
    rows = scored.assign(day=scored.event_time.dt.floor("D"))
    rows = rows[rows.day.dt.strftime("%Y-%m-%d").isin(summary.quality_intervals)]
    precision, share = ranked(rows, labels[labels.label == 1])
    assert summary.figures["entity_precision"] == pytest.approx(precision)
    assert summary.figures["entity_precision_share"] == pytest.approx(share)
    run = connect(world.settings).get_run(monitored[DAYS[-1]].run_id).data
    assert run.metrics["entity_precision"] == pytest.approx(precision)


@pytest.mark.usefixtures("monitored")
def test_the_summary_and_the_plots_use_the_threshold(world, trained):
    summary = generate_summary.run(world.context, parse_interval(DAYS[-1], "day"))
    assert f"of the {PER_DAY} first by customer of each day" in str(summary)
    assert "plots/confusion_matrix.png" in plot_model.run(world.context, trained.version).files


def test_an_interval_without_labels_follows_one_with_them(world, monitored):
    bare = replace(monitored[DAYS[-1]].summary, interval="2026-01-04", figures={"mean_confidence": 0.9})
    lake, interval = world.context.lake, parse_interval(bare.interval, "day")
    tables.write(lake, world.context.use_case, interval, tables.Monitored(bare, ()))
    [found] = tables.read_monitored(lake, first=bare.interval)
    assert found.summary.figures == bare.figures


@pytest.mark.parametrize(
    ("found", "fault"),
    [({}, "no found_on_holdout.json"), ({"threshold": 2.0}, r"holdout gives the threshold 0\.\d+, not 2")],
)
def test_a_threshold_that_the_holdout_does_not_give_is_refused(world, trained, found, fault):
    until = world.context.use_case.history.end
    rows = training_rows(world.context.lake, world.context.use_case, until)
    pipeline = fitted(world.context.use_case, rows.train)
    verdict = replace(judge(pipeline, world.context.use_case, rows.train, rows.holdout), found=found)
    candidate = Candidate(pipeline, verdict, rows, until, f"test {found}", 1.0)
    version = by_version(world.context, register(world.context, candidate).version)
    result = answer(world.context, "contract", version)
    assert not result.passed
    assert re.search(fault, result.sentence)
    good = by_version(world.context, trained.version)
    assert answer(world.context, "contract", good).passed
