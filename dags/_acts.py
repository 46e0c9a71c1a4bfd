"""Shared by the DAGs in which a person acts: the name of the person, and a sentence that every act leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from _retries import NO_RETRY
from _shared import URGENT, run_task
from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException

from sluss.errors import SlussError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluss.context import Context

NOW = URGENT | NO_RETRY | {"priority_weight": 100}  # a person waits
SENTENCE = "sentence"  # XCom with the result, also of an act that was refused


def person() -> str:
    """Return who started this run. Airflow's web server has written it down, so a form cannot claim another name."""
    run = get_current_context()["dag_run"]
    return run.triggering_user_name or f"Airflow, run {run.run_id}"


def act(step: Callable[[Context], Any], use_case: str, in_words: Callable[[dict[str, Any]], str]) -> str:
    """Run the step of an act, and return its result in a sentence."""
    try:
        sentence = in_words(run_task(step, use_case))
    except (AirflowFailException, SlussError) as error:
        get_current_context()["ti"].xcom_push(SENTENCE, str(error))
        raise
    get_current_context()["ti"].xcom_push(SENTENCE, sentence)
    return sentence
