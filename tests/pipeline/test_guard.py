"""A new champion that is worse than the version it replaced goes out of production by itself."""

from __future__ import annotations

import pytest

from sluss.context import Context
from sluss.deployment.production import follow
from sluss.interval import parse_interval
from sluss.monitoring.monitor import monitor
from sluss.registry import ledger, versions
from sluss.registry.champion import as_model
from sluss.registry.entry import Change
from tasks import batch_predict, curate_data, generate_data, monitor_model, train_model

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
GUARD = "worse_champion"


def weak(use_case):
    """The config of a model that hears each word as one of sixteen."""
    spec = use_case.training.model_dump(by_alias=True)
    spec["preprocessing"][0]["steps"][0]["params"]["n_features"] = 16
    return use_case.model_copy(update={"training": type(use_case.training).model_validate(spec)})


def promote(context, version, replaced=None):
    """Put a version into production as if the gates had passed it."""
    entries, model = ledger.read(context.lake), as_model(versions.by_version(context, version))
    change = Change("promote", version, replaced, "ann", "a mistake", {}, model=model)
    ledger.append(context.lake, change, after=len(entries))
    follow(context, context.lake)


def live(context, days=DAYS):
    """Bring, score and monitor days; return the results of the monitor."""
    results = []
    for day in (parse_interval(each, context.use_case.unit) for each in days):
        for step in (generate_data, curate_data, batch_predict):
            step.run(context, day)
        results.append(monitor_model.run(context, day))
    return results


@pytest.fixture
def worse(copy_of_first_days, sentiment):
    """The version of a weak model. Its number depends on the versions that other tests have added."""
    return train_model.run(Context(copy_of_first_days, weak(sentiment)), sentiment.history.end).version


@pytest.fixture
def context(copy_of_first_days, sentiment, worse):
    """Version 1 in production, and then the worse one."""
    context = Context(copy_of_first_days, sentiment)
    promote(context, "1")
    promote(context, worse, "1")
    return context


def guarded(context, mode):
    deployment = context.use_case.deployment.model_copy(update={"guard": mode})
    return Context(context.settings, context.use_case.model_copy(update={"deployment": deployment}))


@pytest.mark.parametrize("mode", ["shadow", "labels"])
def test_a_worse_champion_is_rolled_back_once_its_labels_show_it(context, worse, mode):
    results = live(guarded(context, mode))
    raised = {r.summary.interval: r.restored for r in results if GUARD in r.raised}
    if mode == "labels":  # version 1 has scored nothing, so there is no record to compare with
        assert raised == {}
        return
    assert list(raised.values()) == ["1"]
    entries = ledger.read(context.lake)
    last = entries[-1]
    assert (last.action, last.version, last.replaced) == ("rollback", "1", worse)
    assert last.by == f"guard, after interval {next(iter(raised))}"
    assert f"Version {worse} is worse than version 1, which it replaced: on " in last.reason
    assert ledger.held_by(entries, worse, as_model(versions.by_version(context, worse))) is not None
    # The day after is scored by the version that came back, and the alert ends.
    after = results[list(raised).index(next(iter(raised))) + 1 :] or live(guarded(context, mode), ("2026-01-04",))
    assert after[-1].summary.model_version == "1"
    assert [a.state for a in after[-1].alerts if a.type == GUARD] in (["ended"], [])


def test_a_second_run_of_the_step_changes_nothing(context):
    results = live(context)
    day = next(r.summary.interval for r in results if r.restored)
    rows = len(ledger.read(context.lake))
    again = monitor_model.run(context, parse_interval(day, context.use_case.unit))
    assert [a.state for a in again.alerts if a.type == GUARD] == ["raised"]
    assert again.restored == ""
    assert len(ledger.read(context.lake)) == rows


def test_a_step_that_was_killed_before_the_rollback_is_finished_by_the_next(context, worse):
    for day in (parse_interval(each, context.use_case.unit) for each in DAYS):
        for step in (generate_data, curate_data, batch_predict):
            step.run(context, day)
        found = monitor(context, day)  # without the guard, as if the step had been killed before it
    assert [alert.active for alert in found.alerts if alert.type == GUARD] == [True]
    assert ledger.in_production(ledger.read(context.lake)) == worse
    assert monitor_model.run(context, day).restored == "1"


def test_a_champion_that_is_as_good_stays(copy_of_first_days, sentiment):
    context = Context(copy_of_first_days, sentiment)
    other = sentiment.model_copy(update={"training": sentiment.training.model_copy(update={"window_days": 29})})
    trained = train_model.run(Context(copy_of_first_days, other), sentiment.history.end)
    promote(context, "1")
    promote(context, trained.version, "1")
    results = live(context)
    assert not any(GUARD in r.raised for r in results)
    assert ledger.in_production(ledger.read(context.lake)) == trained.version


def test_without_a_guard_a_worse_champion_stays(context, worse):
    assert not any(r.restored for r in live(guarded(context, "off")))
    assert ledger.in_production(ledger.read(context.lake)) == worse
