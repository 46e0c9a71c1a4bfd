"""How far scoring is behind its schedule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sluss.alerting.show import in_words
from sluss.counted import counted
from sluss.interval import parse_interval

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase

_COUNTED = 1_000  # intervals
_PATIENCE = timedelta(minutes=15)  # after an interval's end, for its run to start and to end


@dataclass(frozen=True)
class Freshness:
    """The newest scored interval, and the newest one that should be."""

    last: str | None  # the newest scored interval
    due: str | None  # the newest interval that should be scored; None before the first one has ended
    behind: int  # intervals from the one after `last` to `due`
    fresh: bool | None  # None where no schedule runs
    words: str


def freshness(use_case: UseCase, scored: str | None, now: datetime, *, scheduled: bool) -> Freshness:
    """Compare the newest scored interval with the schedule.

    Args:
        use_case: names the unit, and the first and the last live interval.
        scored: the newest scored interval.
        now: the present moment.
        scheduled: whether something runs the schedule. Embedded, nothing does.
    """
    due, behind = _due(use_case, now - _PATIENCE), 0
    if due is not None:
        behind = _steps(use_case, scored, due)
    if not scheduled:
        last = f"scored until {scored}" if scored else "nothing scored yet"
        return Freshness(scored, due, behind, None, f"{last}; no schedule runs here")
    return Freshness(scored, due, behind, behind == 0, _words(use_case, (scored, due, behind), now))


def _due(use_case: UseCase, moment: datetime) -> str | None:
    """Return the newest live interval that ended before a moment."""
    ended = min(moment, use_case.end_live) if use_case.end_live else moment
    start = use_case.unit.before(ended)
    return use_case.unit.partition(start) if start >= use_case.first_live else None


def _steps(use_case: UseCase, scored: str | None, due: str) -> int:
    unit, start = use_case.unit, use_case.first_live
    if scored is not None:
        if scored >= due:
            return 0
        start = max(start, parse_interval(scored, unit).end)
    last, found = parse_interval(due, unit).start, 0
    # Counted one by one, because days and months differ in length; of very many, the rest is estimated.
    while start <= last and found < _COUNTED:
        start, found = unit.after(start), found + 1
    rest = (last - start) / (unit.after(last) - last) + 1 if start <= last else 0
    return found + round(rest)


def _words(use_case: UseCase, seen: tuple[str | None, str | None, int], now: datetime) -> str:
    scored, due, behind = seen
    if due is None:
        return f"the first {use_case.unit} ends at {use_case.unit.after(use_case.first_live):%Y-%m-%d %H:%M} UTC"
    if scored is None:
        return f"nothing scored yet, {due} is due"
    if behind == 0:
        ended = use_case.end_live is not None and now >= use_case.end_live
        return f"scored until {scored}, the last {use_case.unit}" if ended else f"up to date: {scored}"
    late = in_words(now - parse_interval(scored, use_case.unit).end)
    return f"{counted(behind, str(use_case.unit))} behind: scored until {scored}, {late} ago"
