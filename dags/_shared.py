"""Shared by the DAG files: use cases, schedules and assets, and the run of a step as a task."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from _retries import TASK_DEFAULTS
from airflow.sdk import Asset, AssetAlias, Connection, get_current_context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from named_runs import NamedByInterval

from sluss.config.settings import load_settings
from sluss.context import Context, load_context
from sluss.errors import ConfigError, QuietError, RefusedError, ServiceError, SlussError
from sluss.interval import Interval, airflow_interval
from sluss.lost_files import explained_in
from sluss.use_cases import load_use_case, use_case_names

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase

_log = logging.getLogger(__name__)
Step = Callable[[Context, Interval], Any]
News = Literal["curated", "labels", "alerts", "candidates"]

_SHOWN = (str, int, float, datetime, dict)  # parts of a step's result that become the task's return value

# For the tasks between an event and its new champion: when tasks wait for a free worker, these start first.
URGENT = TASK_DEFAULTS | {"priority_weight": 10}
# Less than the 1 of a task that nothing waits for, such as the curation of a history.
LAST = 0

# The errors of failed steps, for callers that run a DAG in this process: dag.test() does not raise them.
failures: list[SlussError] = []


def use_cases() -> Iterator[UseCase]:
    """Every use case in config/ that can be read. For the others, dags/configs.py shows an import error."""
    settings = load_settings()
    asked = [name.strip() for name in settings.dags_of.split(",") if name.strip()]
    for name in asked or use_case_names(settings.config_dir):
        with suppress(ConfigError):
            yield load_use_case(name, settings.config_dir)


def intervals(use_case: UseCase) -> dict[str, Any]:
    """Return the arguments of a DAG with one run for each live interval, in order.

    Where `catch_up` is off, a missed interval is left out: `make backfill` runs those that are requested.
    """
    return {
        "schedule": NamedByInterval(use_case.schedule, use_case.schedule_zone, use_case.unit.format),
        "start_date": use_case.first_live,
        # The logical date of a run that is started by hand is the end of its interval.
        "end_date": use_case.end_live,
        "catchup": use_case.catch_up,
        "max_active_runs": 1,
    }


def zone_tags(use_case: UseCase) -> list[str]:
    """Return the tag that names the zone of a schedule, for people and for `make backfill`; none for UTC.

    Airflow's API names its own zone for every DAG, whatever the DAG's is.
    """
    return [] if use_case.schedule_zone == "UTC" else [f"zone:{use_case.schedule_zone}"]


def asset(use_case: str, news: News) -> Asset:
    """Return the asset by which one DAG triggers another: new rows or labels, a raised alert, a new candidate."""
    return Asset(f"{use_case}_{news}")


def announcer(use_case: str) -> AssetAlias:
    """Return the outlet of a task that calls `announce`. A plain asset would have an event at every run of the task."""
    return AssetAlias(f"{use_case}_news")


def announce(use_case: str, news: News, **facts: str) -> None:
    """Trigger the DAGs that are scheduled on this asset; `facts` are in the event's `extra`."""
    events = get_current_context()["outlet_events"]
    events[announcer(use_case)].add(asset(use_case, news), extra=dict(facts))


def moment(text: str | None) -> datetime | None:
    """Parse a time in ISO 8601 and convert it to UTC."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def announce_curated(use_case: str, curated: dict[str, Any], until: str) -> None:
    """Announce an interval's new rows and its new labels, if it has any."""
    if curated["rows"]:
        announce(use_case, "curated", until=until)
    if curated["labels"]:
        announce(use_case, "labels", until=until)


def newest_fact(name: str) -> str | None:
    """Return the greatest value of a fact among the events that triggered this run; None for a manual run."""
    events = get_current_context()["triggering_asset_events"].values()
    return max((str(event.extra[name]) for each in events for event in each if name in event.extra), default=None)


def run_for_interval(step: Step, use_case: str, start: str, end: str) -> dict[str, Any]:
    """Run a step for Airflow's data interval, as `run_task` does."""
    return run_task(lambda context: step(context, airflow_interval(start, end, context.use_case.unit)), use_case)


def send_news(use_case: str, seconds: float) -> dict[str, Any]:
    """Send the news of a use case's alerts that are due. A receiver that fails stops neither a task nor a DAG."""
    from tasks import send_alerts

    return run_task(lambda context: send_alerts.after_monitoring(context, seconds), use_case)


def send_all_news(seconds: float) -> None:
    """Send the news of every use case that are due. A use case that fails does not stop the others.

    Raises:
        AirflowFailException: a use case failed.
    """
    failed = []
    for use_case in use_cases():
        try:
            send_news(use_case.name, seconds)
        except Exception:  # noqa: BLE001 - whatever fails here, the alerts of the others must reach a person
            _log.exception("The news of %s were not sent.", use_case.name)
            failed.append(use_case.name)
    if failed:
        raise AirflowFailException(f"The news of {', '.join(failed)} were not sent; the log above has the reasons.")


def _pass_connections(context: Context) -> None:
    """Give steps the addresses of the source's Airflow connections, where Airflow itself looks for them."""
    for name in context.use_case.source.connections:
        # As an address, also where the variable holds JSON.
        os.environ[f"AIRFLOW_CONN_{name.upper()}"] = Connection.get(name).get_uri()


def run_task(step: Callable[[Context], Any], use_case: str) -> dict[str, Any]:
    """Run a step of a use case, and return the plain values of its result, which the task's log shows.

    Raises:
        AirflowFailException: a wrong input, for which a retry does not help.
        AirflowSkipException: the interval is quiet, as its config allows, or the candidate is refused.
        ServiceError: a service does not answer; Airflow retries.
    """
    context: Context | None = None
    try:
        context = load_context(use_case)
        _pass_connections(context)
        result = step(context)
        if result is None:
            return {}
    except QuietError as error:
        raise AirflowSkipException(str(error)) from None
    except RefusedError as error:
        # An answer, not an accident: a red task would say that something must be mended here.
        failures.append(error)
        _log.warning("%s Versions and gates: %s", error, load_settings().page_of(use_case))
        raise AirflowSkipException(str(error)) from None
    except Exception as error:
        if not (sentence := explained_in(context, error)):
            raise
        failures.append(sentence)
        if isinstance(sentence, ServiceError):
            raise sentence from error
        raise AirflowFailException(str(sentence)) from None
    shown = {key: value for key, value in dataclasses.asdict(result).items() if isinstance(value, _SHOWN)}
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in shown.items()}
