"""The gates `age` and `speed`: a version as of its deployment, and by the pace of the machine."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from gate_world import GATES, answer, evidence_on, fitted, registered, rows_until

from sluss.context import Context
from sluss.gates.checks import speed
from sluss.registry import versions


@pytest.fixture(scope="module")
def world(first_days, sentiment):
    return Context(first_days, sentiment)


def limited(world, **limits):
    update = {"gates": world.use_case.gates.model_copy(update=limits)}
    return Context(world.settings, world.use_case.model_copy(update=update))


@pytest.fixture(scope="module")
def old(world):
    """A version whose training ended 14 days before the history did."""
    until = world.use_case.history.end - timedelta(days=14)
    rows = rows_until(world, until)
    return registered(world, fitted(world.use_case, rows.train), rows, until)


def test_a_version_of_long_ago_is_refused_with_both_dates_unless_the_config_allows_it(world, old):
    result = answer(world, "age", old)
    assert not result.passed
    assert result.sentence.startswith(
        "It learned from rows up to 2025-12-18 and the newest ones are of 2026-01-03, 16 days later"
    )
    assert answer(limited(world, max_age_days=30), "age", old).passed


def test_a_recent_version_is_judged_on_the_newest_rows(world):
    result = answer(limited(world, max_age_days=0.5), "age", versions.by_version(world, "1"))
    assert result.passed, result.sentence  # the champion may be older
    assert "labelled rows it has 0.8" in result.sentence or "labelled rows it has 0.7" in result.sentence


def test_a_floor_that_is_surely_missed_on_the_newest_rows_is_a_refusal(world, old):
    result = answer(limited(world, max_age_days=30, min_metric=0.9), "age", old)
    assert not result.passed
    assert "newest labelled rows it has 0.7" in result.sentence
    assert "is beyond the limit of 0.9." in result.sentence


def test_a_small_slice_that_is_all_wrong_is_refused_by_name(world):
    context = Context(world.settings, world.use_case.model_copy(update={"model": "aged"}))
    until = context.use_case.history.end
    rows = rows_until(context, until)
    pipeline = fitted(context.use_case, rows.train)
    version = registered(context, pipeline, rows, until)
    with evidence_on(context, version) as evidence:
        scores = evidence.problem.scoring.scores
        words = rows.train["text"].str.count(r"\S+").quantile(0.25)

        class Wrong(type(evidence.problem.scoring)):
            def scores(self, pipeline, features):
                found = scores(pipeline, features)
                return np.where(features["text"].str.count(r"\S+") <= words, 1 - found, found)

        problem = type(evidence.problem)(Wrong(context.use_case), evidence.problem.judging, evidence.problem.reporting)
        evidence.problem = problem
        result = GATES["age"](evidence)
    assert not result.passed
    assert "rows with text.words = q1, from the holdout on, it has 0." in result.sentence
    assert "surely beyond the limit of 0.55 for a slice." in result.sentence


def test_the_figure_is_that_of_a_usual_machine_however_busy_this_one_is(world, monkeypatch):
    assert speed.at_usual_pace(0.4, 10 * 0.0142) == pytest.approx(0.04)
    version = versions.by_version(world, "1")
    monkeypatch.setattr(speed, "_measure", lambda *_: (1.0, 1.0))  # seventy times slower than usual
    busy = answer(limited(world, max_ms_per_1000_rows=10), "speed", version)
    assert busy.passed
    assert "(this one takes 70.4 times as long now)" in busy.sentence
    monkeypatch.setattr(speed, "_measure", lambda *_: (0.1, 0.0001))
    fast = answer(limited(world, max_ms_per_1000_rows=100), "speed", version)
    assert not fast.passed
