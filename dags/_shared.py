"""What the DAG files share: the use cases, their timetable, their assets, and how a step's error ends a task."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import Asset, AssetAlias, CronDataIntervalTimetable, get_current_context
from airflow.sdk.exceptions import AirflowFailException

from sluss.config.settings import load_settings
from sluss.context import Context, load_context
from sluss.errors import ServiceError, SlussError
from sluss.interval import Interval, airflow_interval, midnight
from sluss.use_cases import load_use_case, use_case_names

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase

Step = Callable[[Context, Interval], Any]
News = Literal["curated", "labels", "alerts", "candidates"]

_SHOWN = (str, int, float, datetime, dict)  # parts of a step's result that become the task's return value

# What is worth another try is the outside: a service that restarts. A wrong input fails at once.
TASK_DEFAULTS = {"retries": 2, "retry_delay": timedelta(seconds=10), "execution_timeout": timedelta(hours=1)}

# Between news and the model that has learned from it: where tasks wait for a free worker, these go before the others.
URGENT = TASK_DEFAULTS | {"priority_weight": 10}

# The errors of failed steps, for who runs DAGs in this very process (dag.test() keeps exceptions to itself).
failures: list[SlussError] = []


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


def asset(use_case: str, news: News) -> Asset:
    """What one DAG waits for from another: new rows or labels, a raised alert, a registered candidate."""
    return Asset(f"{use_case}_{news}")


def announcer(use_case: str) -> AssetAlias:
    """The outlet of a task that calls `announce`. An asset as an outlet would have news at every run of the task."""
    return AssetAlias(f"{use_case}_news")


def announce(use_case: str, news: News, **facts: str) -> None:
    """Tell the DAGs that wait for this asset, with facts that they find in the event's `extra`."""
    events = get_current_context()["outlet_events"]
    events[announcer(use_case)].add(asset(use_case, news), extra=dict(facts))


def moment(text: str | None) -> datetime | None:
    """A time in ISO 8601, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def announce_curated(use_case: str, curated: dict[str, Any], until: str) -> None:
    """Announce the rows and the labels that an interval brought, whichever there are."""
    if curated["rows"]:
        announce(use_case, "curated", until=until)
    if curated["labels"]:
        announce(use_case, "labels", until=until)


def newest_fact(name: str) -> str | None:
    """The greatest value of a fact among the events that started this run; None where a person started it."""
    events = get_current_context()["triggering_asset_events"].values()
    return max((str(event.extra[name]) for each in events for event in each if name in event.extra), default=None)


def run_for_interval(step: Step, use_case: str, start: str, end: str) -> dict[str, Any]:
    """Run a step for Airflow's data interval; the result is shown in the task's log."""
    return run_step(lambda context: step(context, airflow_interval(start, end)), use_case)


def run_step(step: Callable[[Context], Any], use_case: str) -> dict[str, Any]:
    """Run a step of a use case.

    Raises:
        AirflowFailException: a wrong input; trying again would not help.
        ServiceError: a service does not answer; Airflow tries again.
    """
    try:
        result = step(load_context(use_case))
    except SlussError as error:
        failures.append(error)
        if isinstance(error, ServiceError):
            raise
        raise AirflowFailException(str(error)) from None
    shown = {key: value for key, value in dataclasses.asdict(result).items() if isinstance(value, _SHOWN)}
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in shown.items()}
