"""The content of the page of one interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.context import Context
from sluss.errors import ServiceError, SlussError
from sluss.interval import parse_interval
from sluss.monitoring.monitor_run import run_of
from sluss.monitoring.tables import read_monitored
from sluss.problems import problem_of

if TYPE_CHECKING:
    from sluss.control_room.known import Known, Seen


def content(state: Known, seen: Seen, name: str) -> dict[str, Any] | None:
    """Return what the page shows, or None if no table has the interval.

    Raises:
        ServiceError: the lake does not answer.
    """
    volume = next((each for each in seen.volumes if each.interval == name), None)
    if seen.use_case is None or volume is None:
        return None
    context = Context(state.settings, seen.use_case)
    found = read_monitored(context.lake, first=name, last=name)
    run, error = _run(context, name) if found else (None, "")
    names = [each.interval for each in seen.volumes]
    place = names.index(name)
    return {
        "seen": seen,
        "interval": parse_interval(name, seen.use_case.unit),
        "name": name,
        "volume": volume,
        "monitored": found[0] if found else None,
        "cells": problem_of(seen.use_case).reporting.cells(found[0].summary) if found else {},
        "truth": seen.truth.by_interval.get(name),
        "run": run,
        "error": error,
        "before": names[place - 1] if place else None,
        "after": names[place + 1] if place + 1 < len(names) else None,
    }


def _run(context: Context, name: str) -> tuple[tuple[str, str] | None, str]:
    """Return experiment and id of the monitor's run, or why MLflow does not give them."""
    try:
        found = run_of(context, parse_interval(name, context.use_case.unit))
    except ServiceError as error:
        return None, str(error)
    except SlussError:  # it was deleted
        return None, ""
    return (str(found.info.experiment_id), str(found.info.run_id)), ""
