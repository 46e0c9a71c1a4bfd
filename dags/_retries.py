"""How long a task goes on after a failure: days for a service that is away, twenty minutes for an unknown fault."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import RetryDecision, RetryPolicy
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout

from sluss.config.settings import load_settings
from sluss.errors import KilledError, ServiceError
from sluss.memory import killed_sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger(__name__)

# The pauses double, so that a blip costs seconds and an outage few tries: 5, 10, 20, 40, 80, 160 s, then five minutes
# each. A service that is back is thus found within five minutes.
FIRST, LONGEST = timedelta(seconds=5), timedelta(minutes=5)
# With these pauses, about three and a half days. The run stays open so long: later intervals wait, so that all are done
# in order, as if the service had always been there.
RETRIES = 1000
# Failures of one kind after which another try would not help. Nine take twenty minutes: when a service dies in the
# middle of a step, a library may raise an error that no step knows. A model that needs too much memory is killed at
# each try.
UNKNOWN, TIMED_OUT, KILLED = "unknown", "timed_out", "killed"
LIMITS = {UNKNOWN: 9, TIMED_OUT: 2, KILLED: 3}
SERVICE = "service"
# Deaths without a word. Kills of containers and machines are rarer than that, and too little memory ends every try.
DEATHS = 10
EMBEDDED = 2  # a person waits for the command


def pause(failures: int) -> timedelta:
    """Return the pause after so many failures."""
    doubled: int = 2 ** min(failures - 1, 10)
    return min(FIRST * doubled, LONGEST)


def kind_of(error: BaseException) -> str:
    """Return the kind of a failure, each of which has a limit of its own."""
    if isinstance(error, KilledError):
        return KILLED
    if isinstance(error, ServiceError):
        return SERVICE
    return TIMED_OUT if isinstance(error, AirflowTaskTimeout) else UNKNOWN


def failed_tries(try_number: int, max_tries: int) -> int:
    """Return the number of tries up to this one, counted anew after a task was cleared."""
    return try_number - (max_tries - RETRIES)


def _counter(kind: str, max_tries: int) -> str:
    return f"{kind}-{max_tries}"  # clearing a task raises its maximum


def _counted(context: Mapping[str, Any], kind: str, max_tries: int) -> int:
    return int(context["task_state_store"].get(_counter(kind, max_tries), 0))


class Patience(RetryPolicy):  # type: ignore[misc] # Airflow has no types
    """Airflow asks it after each failure of a task that has a reason of its own."""

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Mapping[str, Any] | None = None
    ) -> RetryDecision:
        """Decide whether the task is tried again, and when."""
        failures = failed_tries(try_number, max_tries)
        if not load_settings().is_scheduled:
            return RetryDecision.fail() if failures > EMBEDDED else RetryDecision.retry(FIRST)
        kind = kind_of(exception)
        if context:
            seen = _counted(context, kind, max_tries) + 1
            context["task_state_store"].set(_counter(kind, max_tries), seen)
            if seen > LIMITS.get(kind, RETRIES):
                return RetryDecision.fail(f"It failed {seen} times in this way: another try would not help.")
        return RetryDecision.retry(pause(failures), reason=str(exception) or type(exception).__name__)


def look_back(context: Mapping[str, Any]) -> None:
    """Before a try: count the tries whose process died without an error, which no policy sees.

    Raises:
        AirflowFailException: too many did, so the next one would as well.
    """
    task = context["ti"]
    before = failed_tries(task.try_number, task.max_tries) - 1
    if before < 1 or not load_settings().is_scheduled:
        return
    reported = sum(_counted(context, kind, task.max_tries) for kind in (SERVICE, *LIMITS))
    if (deaths := before - reported) < 1:
        return
    if deaths >= DEATHS:
        raise AirflowFailException(killed_sentence(deaths))
    _log.warning("%s", killed_sentence(deaths))


# A wrong input fails at once: `run_task` raises Airflow's exception for that. Airflow itself applies the first four
# after the death of a process, where no policy can be asked.
TASK_DEFAULTS = {
    "retries": RETRIES,
    "retry_delay": FIRST,
    "retry_exponential_backoff": 2,
    "max_retry_delay": LONGEST,
    "retry_policy": Patience(),
    "pre_execute": look_back,
    "execution_timeout": timedelta(hours=1),
}
# After the failure of a person's act, the person decides whether to do it again.
NO_RETRY = {"retries": 0, "retry_policy": None, "pre_execute": None}
