"""How often and how long a task is tried again, by the kind of its failure."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import pytest

from sluss import memory
from sluss.config.settings import ROOT
from sluss.errors import KilledError, ServiceError

OUTAGE = timedelta(minutes=15)


class Store(dict[str, Any]):
    """Airflow's store of a task, which outlives its tries."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value


@pytest.fixture
def retries(monkeypatch, tmp_path):
    """The module of the DAG folder, as the stack's tasks import it."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("SLUSS_PLACE", "stack")
    monkeypatch.syspath_prepend(str(ROOT / "dags"))
    import _retries

    yield _retries
    sys.modules.pop("_retries")


def waits(retries, error: BaseException, tries: int, first: int = 1, at_most: int | None = None) -> list[timedelta]:
    """The pauses after each of so many failures in a row, until a try is the last."""
    context, pauses = {"task_state_store": Store()}, []
    for number in range(first, first + tries):
        decision = retries.Patience().evaluate(error, number, at_most or retries.RETRIES, context)
        if decision.action.value == "fail":
            break
        pauses.append(decision.retry_delay)
    return pauses


def seconds(pauses: list[timedelta]) -> list[float]:
    return [each.total_seconds() for each in pauses]


def test_a_service_that_is_away_is_asked_again_soon_and_then_rarely(retries):
    assert seconds(waits(retries, ServiceError("away"), 8)) == [5, 10, 20, 40, 80, 160, 300, 300]


def test_a_process_that_is_killed_each_time_is_given_up(retries):
    assert seconds(waits(retries, KilledError("killed"), 8)) == [5, 10, 20]


def test_an_outage_of_three_days_is_outlasted(retries):
    pauses = waits(retries, ServiceError("away"), retries.RETRIES)
    assert len(pauses) == retries.RETRIES
    assert timedelta(days=3) < sum(pauses, timedelta()) < timedelta(days=4)


def test_an_unknown_error_is_tried_again_for_longer_than_an_outage_and_then_fails(retries):
    pauses = waits(retries, ValueError("half an answer"), 50)
    assert sum(pauses, timedelta()) == timedelta(seconds=1215)
    assert sum(pauses, timedelta()) > OUTAGE


def test_an_unknown_error_after_a_long_outage_still_has_all_its_tries(retries):
    context = {"task_state_store": Store()}
    policy = retries.Patience()
    for number in range(1, 31):
        policy.evaluate(ServiceError("away"), number, retries.RETRIES, context)
    decision = policy.evaluate(ValueError("half an answer"), 31, retries.RETRIES, context)
    assert decision.action.value == "retry"


def test_a_task_that_hangs_is_tried_twice_again(retries):
    assert len(waits(retries, retries.AirflowTaskTimeout(), 10)) == 2


def test_a_cleared_task_starts_from_the_first_pause(retries):
    # Airflow counts on: after nine tries, the tenth is the first of the new ones.
    cleared = waits(retries, ServiceError("away"), 3, first=10, at_most=9 + retries.RETRIES)
    assert seconds(cleared) == [5, 10, 20]


def test_embedded_where_a_person_waits_it_fails_after_two_pauses(retries, monkeypatch):
    monkeypatch.delenv("SLUSS_PLACE")
    assert seconds(waits(retries, ServiceError("away"), 10)) == [5, 5]


def test_the_pauses_after_a_killed_process_are_bounded_too(retries):
    defaults = retries.TASK_DEFAULTS
    assert (defaults["retry_delay"], defaults["retry_exponential_backoff"]) == (retries.FIRST, 2)
    assert defaults["max_retry_delay"] == retries.LONGEST


def test_an_act_of_a_person_is_not_tried_again(retries):
    assert retries.NO_RETRY["retries"] == 0


class Task:
    """What `look_back` reads of a task."""

    def __init__(self, try_number: int, max_tries: int) -> None:
        self.try_number, self.max_tries = try_number, max_tries


def test_tries_that_died_without_an_error_are_named_and_end(retries, monkeypatch, tmp_path, caplog):
    (tmp_path / "memory.max").write_text(f"{4 * 1024**3}\n")
    monkeypatch.setattr(memory, "_LIMITS", (tmp_path / "memory.max",))
    context = {"task_state_store": Store(), "ti": Task(3, retries.RETRIES)}
    retries.look_back(context)
    assert "2 earlier tries of this task died without an error" in caplog.text
    assert "memory limit of 4.0 GB. Raise AIRFLOW_TASK_MEMORY in .env" in caplog.text
    with pytest.raises(retries.AirflowFailException, match="10 earlier tries of this task died"):
        retries.look_back(context | {"ti": Task(11, retries.RETRIES)})


def test_tries_that_reported_an_error_are_not_taken_for_deaths(retries, caplog):
    context = {"task_state_store": Store(), "ti": Task(21, retries.RETRIES)}
    for number in range(1, 21):
        retries.Patience().evaluate(ServiceError("away"), number, retries.RETRIES, context)
    retries.look_back(context)
    assert "died" not in caplog.text


def test_a_machine_without_a_limit_has_none(monkeypatch, tmp_path):
    (tmp_path / "memory.max").write_text("max\n")
    monkeypatch.setattr(memory, "_LIMITS", (tmp_path / "nowhere", tmp_path / "memory.max"))
    monkeypatch.setenv("SLUSS_PLACE", "stack")
    assert memory.memory_limit() is None
    assert "the memory limit. Raise" in memory.advice()
