"""Routine retrainings pass the real gates: other seeds, windows, holdouts and newer days of the demo's reviews."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sluss.context import Context
from sluss.interval import parse_interval
from tasks import curate_data, deploy_model, generate_data, train_model, validate_model

MORE_DAYS = ("2026-01-03",)  # of movie reviews, as the history; the days after them have others
TRIED = 40


def refreshed(use_case, number):
    """The config of a retraining, and the number of days after the history at which it takes place."""
    changes = {"seed": 100 + number, "window_days": 20 + number % 9, "holdout_days": 2 + number % 4}
    training = use_case.training.model_copy(update=changes)
    return use_case.model_copy(update={"training": training}), number % 4


@pytest.mark.weekly
@pytest.mark.timeout(1800)
def test_of_forty_sound_refreshes_at_most_two_are_refused(copy_of_first_days, sentiment):
    context = Context(copy_of_first_days, sentiment)
    for day in MORE_DAYS:
        for step in (generate_data, curate_data):
            step.run(context, parse_interval(day, sentiment.unit))
    deploy_model.run(context, "1")
    refused = {}
    for number in range(TRIED):
        use_case, days = refreshed(sentiment, number)
        own = Context(copy_of_first_days, use_case)
        trained = train_model.run(own, sentiment.history.end + timedelta(days=days))
        found = validate_model.run(own, trained.version)
        sentences = {result.gate: result.sentence for result in found.results}
        print(
            number, days, trained.version, trained.metrics["holdout_accuracy"], sentences["quality"][-420:], flush=True
        )
        if found.refusals:
            refused[trained.version] = [f"{each.gate}: {each.sentence}" for each in found.refusals]
    assert len(refused) <= 2, refused


@pytest.mark.weekly
@pytest.mark.timeout(1800)
def test_most_sound_changes_of_the_recipe_pass_and_a_worse_one_does_not(copy_of_first_days, sentiment):
    deploy_model.run(Context(copy_of_first_days, sentiment), "1")
    passed = {}
    for c in (1.0, 2.0, 3.0, 8.0, 10.0, 15.0, 20.0):
        spec = sentiment.training.model_dump(by_alias=True)
        spec["estimator"]["params"]["C"] = c
        training = type(sentiment.training).model_validate(spec)
        own = Context(copy_of_first_days, sentiment.model_copy(update={"training": training}))
        trained = train_model.run(own, sentiment.history.end)
        found = validate_model.run(own, trained.version)
        sentences = {result.gate: result.sentence for result in found.results}
        print(c, trained.version, trained.metrics["holdout_accuracy"], sentences["quality"][-700:], flush=True)
        passed[c] = not found.refusals
    assert sum(passed.values()) >= 5, passed
