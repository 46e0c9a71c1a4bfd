"""What the DAG files share: the use cases, their timetable, and how a step's error ends a task."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from airflow.sdk import CronDataIntervalTimetable
from airflow.sdk.exceptions import AirflowFailException

from tasks.shared.errors import ServiceError, SlussError
from tasks.shared.interval import Interval, airflow_interval, midnight
from tasks.shared.settings import Settings, load_settings, step_settings
from tasks.shared.use_case import UseCase, load_use_case, use_case_names

Step = Callable[[Settings, UseCase, Interval], Any]

# What is worth another try is the outside: a service that restarts. A wrong input fails at once.
TASK_DEFAULTS = {"retries": 2, "retry_delay": timedelta(seconds=10), "execution_timeout": timedelta(hours=1)}

# The sentences of failed steps, for who runs DAGs in this very process (dag.test() keeps exceptions to itself).
failures: list[str] = []


def use_cases() -> Iterator[UseCase]:
    """Every use case in config/."""
    settings = load_settings()
    return (load_use_case(name, settings.config_dir) for name in use_case_names(settings.config_dir))


def intervals(use_case: UseCase) -> dict[str, Any]:
    """Arguments of a DAG that has one run for each live interval, in their order.

    Nothing is caught up by itself: `make backfill` runs the intervals that are asked for.
    """
    return {
        "schedule": CronDataIntervalTimetable(use_case.schedule, timezone="UTC"),
        "start_date": midnight(use_case.live_start),
        # A run that is started by hand bears the date at which its interval ended.
        "end_date": midnight(use_case.live_end),
        "catchup": False,
        "max_active_runs": 1,
    }


def run_for_interval(step: Step, use_case: str, start: str, end: str) -> dict[str, Any]:
    """Run a step for Airflow's data interval; the result is shown in the task's log."""
    return run_step(lambda settings, config: step(settings, config, airflow_interval(start, end)), use_case)


def run_step(step: Callable[[Settings, UseCase], Any], use_case: str) -> dict[str, Any]:
    """Run a step of a use case.

    Raises:
        AirflowFailException: a wrong input; trying again would not help.
        ServiceError: a service does not answer; Airflow tries again.
    """
    try:
        settings = step_settings()
        result = step(settings, load_use_case(use_case, settings.config_dir))
    except SlussError as error:
        failures.append(str(error))
        if isinstance(error, ServiceError):
            raise
        raise AirflowFailException(str(error)) from None
    return {key: value for key, value in dataclasses.asdict(result).items() if isinstance(value, str | int | float)}
