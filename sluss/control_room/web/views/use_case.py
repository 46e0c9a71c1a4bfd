"""The content of the page of one use case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluss.control_room.registered import awaiting_approval
from sluss.control_room.status import metric_of
from sluss.control_room.web import charts
from sluss.control_room.web.views.alerts import rows_of
from sluss.problems import problem_of
from sluss.registry import ledger
from sluss.reporting.plots import plots
from sluss.reporting.story import card, story

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sluss.charts.plot import Plot
    from sluss.control_room.days import Day
    from sluss.control_room.known import Seen
    from sluss.lineage.version_record import Provenance
    from sluss.registry.entry import Entry

SPANS = (30, 60, 120, 365)  # intervals that a person can choose to see
_VOLUMES = 14


@dataclass(frozen=True)
class Live:
    """The version in production, the entry that put it there, and the entry whose gates had judged it."""

    entry: Entry
    judged: Entry
    version: Provenance | None
    differences: tuple[tuple[str, str, str], ...]  # name, before, now


def content(seen: Seen, last: int, now: datetime, *, scheduled: bool) -> dict[str, Any]:
    """Return what the page shows. A use case that cannot be read shows why, and what was known last."""
    status = seen.status(now, scheduled=scheduled)
    days = seen.days[-max(2, min(last, 5000)) :]
    return {
        "seen": seen,
        "status": status,
        "live": live(seen),
        "metric": metric_of(status.measured),
        "quality": quality(seen, days),
        "errors": estimate_error(seen, days),
        "alerts": [row for row in rows_of(seen, now) if row.life.is_open],
        "drifted": [(each, charts.then_and_now(each)) for each in seen.details.drifted],
        "challenger": challenger(seen),
        "volumes": seen.volumes[-_VOLUMES:][::-1],
        "volume_plot": charts.volumes(seen.volumes[-60:]),
        "costs": costs(seen),
        "spans": SPANS,
        "last": last,
        **told(seen),
    }


def told(seen: Seen) -> dict[str, Any]:
    """Return the story of the newest intervals, with plots and figures of each; empty where nothing was monitored."""
    facts, use_case = seen.details.facts, seen.use_case
    if facts is None or use_case is None:
        return {"facts": None, "story": None, "plots": [], "cells": [], "card": []}
    reporting = problem_of(use_case).reporting
    return {
        "facts": facts,
        "story": story(use_case, facts),
        "plots": plots(use_case, facts),
        "cells": [reporting.cells(day.seen) for day in facts.days],
        "card": card(use_case, facts),
    }


def live(seen: Seen) -> Live | None:
    """Return what is in production, since when and why; None without a version."""
    entries = seen.standing.entries if seen.standing else ()
    number = ledger.in_production(entries)
    if number is None:
        return None
    version = seen.registered.of(number)
    before = next((each.version for each in reversed(entries) if each.version not in (None, number)), None)
    earlier = seen.registered.of(before) if before else None
    judged = ledger.promotion_of(entries, number) or entries[-1]
    return Live(entries[-1], judged, version, tuple(differences(earlier, version)))


def differences(before: Provenance | None, now: Provenance | None) -> Iterator[tuple[str, str, str]]:
    """Return what differs between two versions: parameters, data, code and packages."""
    if before is None or now is None:
        return
    named = {"trained until": "until", "data": "data.version", "code": "commit", "packages": "lock"}
    for name, tag in named.items():
        if before.tag(tag) != now.tag(tag):
            yield name, before.tag(tag)[:16], now.tag(tag)[:16]
    for name in sorted(before.params.keys() | now.params.keys()):
        pair = before.params.get(name, "–"), now.params.get(name, "–")
        if pair[0] != pair[1]:
            yield name, *pair


def quality(seen: Seen, days: tuple[Day, ...]) -> Plot | None:
    """Draw the metric over time, if anything was monitored."""
    if seen.use_case is None or not days or seen.standing is None:
        return None
    facts = seen.details.facts
    mixes = {day.seen.interval: day.mix for day in facts.days} if facts else {}
    return charts.quality(seen.use_case, days, seen.truth, (seen.standing.entries, seen.lives), mixes)


def estimate_error(seen: Seen, days: tuple[Day, ...]) -> dict[str, Any] | None:
    """Return how far estimates were from the later truth, and on how many intervals they were blind."""
    pairs = [(day.expected, seen.truth.by_interval.get(day.interval)) for day in days if day.expected]
    known = [(expected, true) for expected, true in pairs if true is not None]
    if not known:
        return None
    errors = [abs(expected.value - true.value) for expected, true in known if not expected.blind]
    return {
        "intervals": len(known),
        "blind": sum(bool(expected.blind) for expected, _ in known),
        "mean": sum(errors) / len(errors) if errors else None,
        "worst": max(errors, default=None),
    }


def challenger(seen: Seen) -> Provenance | None:
    """Return the newest version, if it is newer than the champion and not in production."""
    entries = seen.standing.entries if seen.standing else ()
    newest = seen.registered.versions[-1] if seen.registered.versions else None
    if newest is None or ledger.entry_of(entries, newest.version, newest.run_id):
        return None
    return awaiting_approval(entries, seen.registered) or newest


def costs(seen: Seen) -> list[tuple[Provenance, float]]:
    """Return the newest trainings with the seconds that each took, the newest first."""
    timed = [(each, each.metrics["seconds"]) for each in seen.registered.versions if "seconds" in each.metrics]
    return timed[::-1][:10]
