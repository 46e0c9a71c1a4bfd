"""Delivers the news of a use case: reads what is due, claims it, sends it, and records the results."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sluss.alerting import message as messages
from sluss.alerting.before import before
from sluss.alerting.failure import DeliveryError
from sluss.alerting.impact import impact
from sluss.alerting.news import expired, news, read_written
from sluss.alerting.outbox import KEPT, Delivery, read_outbox, record
from sluss.alerting.plan import Parcel, Situation, due, silent, waiting
from sluss.alerting.read import read_lives
from sluss.alerting.send import LONGEST, send
from sluss.alerting.targets import any_target, targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sluss.alerting.life import Life
    from sluss.alerting.message import Message
    from sluss.alerting.news import News
    from sluss.alerting.outbox import Outcome
    from sluss.alerting.targets import Target
    from sluss.context import Context

_log = logging.getLogger(__name__)
_MOST = 20  # messages of one round
_LATER = "later"  # in the place of an error: not tried in this round
ROUND = 60.0  # seconds after which a round begins no other message


@dataclass(frozen=True)
class Delivered:
    """The result of one round: messages that were sent or failed, and deliveries that wait."""

    sent: int = 0
    failed: int = 0
    waiting: int = 0
    problems: tuple[str, ...] = ()  # a sentence for each receiver that failed


def deliver(context: Context, seconds: float = ROUND, longest: float = LONGEST) -> Delivered:
    """Send what is due, at least once: to each receiver one message for each alert.

    Args:
        context: of the use case.
        seconds: after which no other message is begun.
        longest: seconds that one receiver may take.

    Raises:
        ServiceError: the lake does not answer.
    """
    if not any_target(context.use_case.name):
        return Delivered()
    now = datetime.now(UTC)
    known = {life.id: life for life in read_lives(context.lake)}
    found, last_write = _news(context, now, known)
    # News of an old interval may be those of an interval that was monitored again, and were sent long ago.
    is_new = all(each.is_fresh for each in found)
    outbox = read_outbox(context.lake, now - KEPT if is_new else None)
    situation = Situation(
        news=found,
        standing=outbox.standing(),
        silenced={life.id for life in known.values() if life.silenced(now)},
        targets=partial(targets, context.use_case.name),
        now=now,
        is_settled=now - last_write >= timedelta(minutes=context.settings.alerts_settle_minutes),
    )
    parcels = due(situation)[:_MOST]
    quiet = [_row(each.key, each.key, target, "covered", "silenced") for each, target in silent(situation)]
    if not parcels and not quiet:
        return Delivered(waiting=waiting(situation))
    claims = [_row(each.key, parcel.key, parcel.target, "claimed") for parcel in parcels for each in parcel.news]
    if not outbox.claim([*claims, *quiet]):
        # Another process sends just now; what it leaves is sent in the next round.
        return Delivered(waiting=waiting(situation))
    results = _send_all(context, parcels, known, (time.monotonic() + seconds, longest))
    failed = [error for error in results if error]
    left = waiting(situation) - sum(len(each.news) for each, error in zip(parcels, results, strict=True) if not error)
    problems = dict.fromkeys(error for error in failed if error != _LATER)
    return Delivered(len(results) - len(failed), len(failed), left, tuple(problems))


def deliver_quietly(context: Context, seconds: float = ROUND) -> Delivered:
    """Like `deliver`, but no failure of it reaches the caller: monitoring does not depend on receivers."""
    try:
        result = deliver(context, seconds)
    except Exception as error:  # noqa: BLE001 - whatever fails here, the interval was monitored
        # Without its text, which may be that of a library and name an address.
        _log.warning("The news of %s were not delivered now: %s", context.use_case.name, type(error).__name__)
        return Delivered(problems=(f"The news were not delivered now ({type(error).__name__}).",))
    for problem in result.problems:
        _log.warning("%s", problem)
    return result


def _news(context: Context, now: datetime, known: Mapping[str, Life]) -> tuple[list[News], datetime]:
    """Return the news of the last days, and the time at which the monitor wrote last."""
    since = now - KEPT
    written = read_written(context.lake, since)
    found = news(context.use_case, written, now) if written else []
    found += expired(context.use_case.name, known.values(), (since, now))
    return found, written.last_write if written else since


def _send_all(
    context: Context, parcels: Sequence[Parcel], known: Mapping[str, Life], limits: tuple[float, float]
) -> list[str | None]:
    """Send messages, to all receivers at the same time; the failures, None for a message that was sent."""
    by_target: dict[str, list[Parcel]] = defaultdict(list)
    for parcel in parcels:
        by_target[parcel.target.digest].append(parcel)
    with ThreadPoolExecutor(min(len(by_target), 4) or 1) as pool:
        work = [pool.submit(_send_to_one, context, each, known, limits) for each in by_target.values()]
        return [result for each in work for result in each.result()]


def _send_to_one(
    context: Context, parcels: Sequence[Parcel], known: Mapping[str, Life], limits: tuple[float, float]
) -> list[str | None]:
    end, longest = limits
    results: list[str | None] = []
    for parcel in parcels:
        error, outcome = None, _skipped(results, end)
        if outcome is None:
            error = _send_one(context, parcel, known.get(parcel.news[-1].alert), longest)
            outcome = "failed" if error else "sent"
        # At once, so that a process that is killed here repeats as little as possible.
        record(context.lake, [_row(each.key, parcel.key, parcel.target, outcome, error or "") for each in parcel.news])
        results.append(_LATER if outcome == "released" else error)
    return results


def _skipped(results: Sequence[str | None], end: float) -> Outcome | None:
    """Give back the claim on a message that is not tried in this round: its receiver failed, or the time is over.

    It does not count as a failure. So if a receiver refuses one message for ever, the others pass it in later rounds.
    """
    return "released" if any(results) or time.monotonic() >= end else None


def _send_one(context: Context, parcel: Parcel, life: Life | None, longest: float) -> str | None:
    try:
        send(context.settings, parcel.target, _message(context, parcel, life), longest)
    except DeliveryError as error:
        return f"{parcel.target.name} {error}."
    return None


def _message(context: Context, parcel: Parcel, life: Life | None) -> Message:
    use_case = context.use_case
    if parcel.is_summary:
        return messages.summary(use_case, parcel.news, parcel.key)
    newest = parcel.news[-1]
    facts = before(context, newest.since, newest.interval)
    sizes = impact(use_case, newest.figures, facts.rows)
    return messages.single(use_case, parcel.news, facts, sizes, life)


def _row(event: str, message: str, target: Target, outcome: Outcome, error: str = "") -> Delivery:
    return Delivery(event, message, target.digest, target.name, datetime.now(UTC), outcome, error)
