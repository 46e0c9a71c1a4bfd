"""Choose where a command runs: in the stack, or embedded on this machine."""

from __future__ import annotations

import os
import sys
import time
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.stack import docker, env_file
from sluss.stack.error import NoAnswerError, StackError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.stack.docker import Container

CHOICES = ("embedded", "stack")
PATIENCE = 120.0  # seconds; a Postgres that restarts takes ten, `make up` of built images a minute
_POLL = 1.0
_BY_HAND = "WHERE=embedded uses the stores on this machine meanwhile"


def choose(where: str = "") -> Container | None:
    """The container to run a command in, or None for this machine.

    A stack that is neither up nor down is waited for. An answer from the embedded stores would look like the stack's.

    Raises:
        StackError: the stack did not become healthy in time, or Docker does not answer, or `where` is not a place.
    """
    if where not in ("", *CHOICES):
        raise StackError(f"WHERE is '{where}': set it to {' or '.join(CHOICES)}, or leave it out.")
    if where == "embedded":
        return None
    if where == "stack":
        return _running_worker()
    try:
        return _healthy_worker(_patience())
    except NoAnswerError as error:
        _refuse_if_there_may_be_one(error)
        return None


def _running_worker() -> Container:
    """Return the container that runs the tasks, healthy or not: `WHERE=stack` is a choice by hand."""
    for each in docker.containers():
        if each.ours and each.service in docker.RUN_TASKS and each.state == "running":
            return each
    raise StackError(f"The stack {docker.project()} is not up: 'make up' starts it, 'make ps' shows its containers.")


def _refuse_if_there_may_be_one(error: NoAnswerError) -> None:
    """Without `.env` there never was a stack here; with it one may come back with Docker at any moment.

    Raises:
        StackError: there may be one.
    """
    if env_file.location().exists():
        raise StackError(
            f"{error} Whether the stack {docker.project()} is up is not known: start Docker, or set WHERE=embedded to "
            "use the stores on this machine."
        ) from None


def _healthy_worker(patience: float) -> Container | None:
    deadline, shown = time.monotonic() + patience, ""
    while found := [each for each in docker.containers() if each.ours]:
        # All down: the stack was stopped on purpose. Only some: it starts, stops or has failed, which waiting shows.
        if all(each.is_down for each in found):
            break
        late = _late(found)
        if not late:
            return _worker(found)
        if time.monotonic() >= deadline:
            raise StackError(
                f"The stack {docker.project()} is not healthy ({late}), and did not become so in "
                f"{counted(patience, 'second')}: 'make ps' and 'make logs' show why, 'make up' repairs it, {_BY_HAND}."
            )
        # Once for each change, not for each look.
        if late != shown:
            print(f"Waiting for the stack {docker.project()} ({late}) …", file=sys.stderr, flush=True)
            shown = late
        time.sleep(_POLL)
    return None


def _worker(found: Sequence[Container]) -> Container:
    worker = docker.worker_of(found)
    if worker is None:
        raise StackError(
            f"The stack {docker.project()} has no healthy container that runs the tasks: 'make up' starts it, "
            f"{_BY_HAND}."
        )
    return worker


def _late(found: Sequence[Container]) -> str:
    """The services that are not ready, with their state. Of a service with several containers, one is enough."""
    by_service = groupby(sorted(found, key=attrgetter("service")), key=attrgetter("service"))
    late = [list(each) for _, each in by_service]
    states = (each[0] for each in late if not any(container.is_ready for container in each))
    return ", ".join(f"{each.service} {each.health if each.state == 'running' else each.state}" for each in states)


def _patience() -> float:
    value = os.environ.get("SLUSS_STACK_WAIT", "")
    try:
        return float(value or PATIENCE)
    except ValueError:
        raise StackError(f"SLUSS_STACK_WAIT is '{value}': set it to a number of seconds.") from None
