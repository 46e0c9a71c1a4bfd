"""The steps that meet a mistake, each with its refusals instead of an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sluss.counted import counted
from sluss.curation.curate import curate
from sluss.deployment.deploy import deploy
from sluss.drill.mistake import NotRefusedError, Refusal
from sluss.errors import ServiceError, SlussError
from sluss.gates.validate import validate
from sluss.monitoring.monitor import monitor
from sluss.scoring.score_interval import score_interval
from sluss.sources.generate import generate
from sluss.training.train import train
from sluss.use_cases import load_use_case

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sluss.context import Context
    from sluss.curation.curate import CuratedData
    from sluss.drill.world import World
    from sluss.interval import Interval
    from sluss.monitoring.monitor import MonitorResult

_T = TypeVar("_T")


def attempt(lock: str, step: Callable[[], _T]) -> tuple[_T | None, list[Refusal]]:
    """Run a step; an error that a person can correct is a refusal by the lock.

    Raises:
        NotRefusedError: another error, which is a traceback to the person who meets it.
    """
    try:
        return step(), []
    except ServiceError as error:
        raise NotRefusedError(f"{lock} blames a service that works: {error}") from error
    except SlussError as error:
        return None, [Refusal(lock, str(error))]
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise NotRefusedError(f"{lock} ended in a traceback: {reason}") from error


def bring(context: Context, span: Interval) -> CuratedData:
    """Bring and curate the rows of a span."""
    generate(context, span)
    return curate(context, span)


def curation(world: World, *spans: Interval) -> list[Refusal]:
    """Bring and curate spans anew. Rows in quarantine are refused too."""
    found: list[Refusal] = []
    for span in spans:
        curated, refused = attempt("curation", lambda span=span: bring(world.context, span))  # type: ignore[misc]
        found += refused
        if curated and (bad := curated.bad_rows + curated.bad_labels):
            found.append(Refusal("curation", f"{counted(bad, 'row')} of {span} were put into quarantine."))
    return found


def learn(world: World, until: datetime | None = None) -> list[Refusal]:
    """Train a candidate on all rows that are known at `until` (by default now), and let the gates judge it."""
    trained, refused = attempt("rehearsal", lambda: train(world.context, until or world.now))
    return refused if trained is None else gates(world, trained.version)


def gates(world: World, version: str) -> list[Refusal]:
    """Let the gates judge a version."""
    validation, refused = attempt("data", lambda: validate(world.context, version))
    if validation is None:
        return refused
    return [Refusal(each.gate, each.sentence) for each in validation.refusals]


def deployment(world: World, version: str | None = None, lock: str = "ledger") -> list[Refusal]:
    """Deploy a version; its refusal counts for the lock."""
    return attempt(lock, lambda: deploy(world.context, version))[1]


def score_and_monitor(context: Context, interval: Interval) -> MonitorResult:
    """Score and monitor an interval."""
    score_interval(context, interval)
    return monitor(context, interval)


def live(world: World) -> list[Refusal]:
    """Score and monitor every live interval; each alert that is active after one of them is a refusal."""
    found: list[Refusal] = []
    for interval in world.live:
        scored, refused = attempt("scoring", lambda interval=interval: score_interval(world.context, interval))  # type: ignore[misc]
        found += refused
        if scored:
            found += watch(world, interval)
    return found


def watch(world: World, interval: Interval) -> list[Refusal]:
    """Monitor a scored interval; each active alert is a refusal."""
    monitored, refused = attempt("monitoring", lambda: monitor(world.context, interval))
    active = [each for each in monitored.alerts if each.active] if monitored else []
    return [*refused, *(Refusal(each.type, each.message) for each in active)]


def loading(world: World) -> list[Refusal]:
    """Read the config, as every step does before it begins."""
    return attempt("config", lambda: load_use_case(world.name, world.settings.config_dir))[1]
