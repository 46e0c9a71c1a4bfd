"""From a new use case to a model in production: data, training, gates, deployment, the newest interval."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.curation.curate import curate
from sluss.deployment.deploy import deploy
from sluss.errors import ModelError
from sluss.interval import parse_interval
from sluss.monitoring.monitor import monitor
from sluss.registry.champion import current
from sluss.reporting.interval_summary import summarise_interval
from sluss.scoring.score_interval import score_interval
from sluss.sources.generate import generate
from sluss.training.train import train

if TYPE_CHECKING:
    from collections.abc import Callable

    from sluss.context import Context
    from sluss.new.look import Look

    Tell = Callable[[str], None]


def bring_up(context: Context, newest: date, tell: Tell) -> str:
    """Run every step once, and return the summary of the interval that starts with `newest`.

    Raises:
        SlussError: a step refuses; what was done before it stays, and a second run goes on from there.
    """
    use_case = context.use_case
    history = use_case.history
    tell(f"Bringing the history, {history}")
    brought = generate(context, history)
    curated = curate(context, history)
    tell(
        f"{counted(brought.rows, 'row')} came: {curated.rows:,} good, {curated.bad_rows + curated.bad_labels:,} in "
        "quarantine"
    )
    tell("Training")
    model = train(context)
    tell(f"Version {model.version} is registered; the gates judge it")
    tell(_deployed(context, str(model.version)))
    interval = parse_interval(newest.isoformat(), use_case.unit)
    tell(f"Scoring the newest interval, {interval}")
    if interval.start >= history.end:  # otherwise it is a part of the history, as where rows have no time
        generate(context, interval)
        curate(context, interval)
    elif not use_case.source.has_times:
        tell("These are the rows of the training: its metric counts only those that were held out")
    score_interval(context, interval)
    monitor(context, interval)
    return summarise_interval(context, interval).text


def _deployed(context: Context, version: str) -> str:
    """Deploy, or say why the champion of an earlier run stays: after that, a refusal is an answer and no failure."""
    try:
        return f"{context.use_case.model} {deploy(context, version, by='')}"
    except ModelError as refusal:
        if current(context) is None:
            raise
        return str(refusal)


def newest_start(look: Look) -> date:
    """The first day of the newest complete interval; where rows have no time, the day with which they arrived."""
    yesterday = date.today() - timedelta(days=1)  # noqa: DTZ011 - the person's own day
    return yesterday if look.span is None else look.span.newest
