"""Decides which messages are due: a pure function of the news, the outbox and the clock."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from sluss.alerting.identity import key_of
from sluss.alerting.outbox import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from sluss.alerting.news import News
    from sluss.alerting.targets import Target
    from sluss.problems.condition import Severity


@dataclass(frozen=True)
class Parcel:
    """A message to be made and sent: its receiver, its key and its news, the newest last."""

    target: Target
    key: str
    news: tuple[News, ...]
    is_summary: bool


@dataclass(frozen=True)
class Situation:
    """Everything that a plan depends on."""

    news: Sequence[News]
    standing: Mapping[tuple[str, str], Standing]
    silenced: Collection[str]  # ids of alerts
    targets: Callable[[Severity], Sequence[Target]]
    now: datetime
    is_settled: bool  # whether the monitor rests, so that a backfill is over

    def of(self, news: News, target: Target) -> Standing:
        """Where a piece of news stands with a receiver."""
        return self.standing.get((news.key, target.digest), Standing())


def due(situation: Situation) -> list[Parcel]:
    """Return the messages that are due."""
    found = []
    for target in _receivers(situation):
        waiting = [
            each
            for each in situation.news
            if target in situation.targets(each.severity)
            and each.alert not in situation.silenced
            and not situation.of(each, target).done
        ]
        found += _of_target(situation, target, waiting)
    return found


def waiting(situation: Situation) -> int:
    """Return how many deliveries are not done, due or not."""
    return sum(
        not situation.of(each, target).done
        for target in _receivers(situation)
        for each in situation.news
        if target in situation.targets(each.severity) and each.alert not in situation.silenced
    )


def silent(situation: Situation) -> list[tuple[News, Target]]:
    """Return the news that a silence covers: they are never sent, also not when it has expired."""
    return [
        (each, target)
        for target in _receivers(situation)
        for each in situation.news
        if each.alert in situation.silenced
        and target in situation.targets(each.severity)
        and not situation.of(each, target).done
    ]


def _receivers(situation: Situation) -> list[Target]:
    return list(dict.fromkeys([*situation.targets("critical"), *situation.targets("warning")]))


def _of_target(situation: Situation, target: Target, pending: Sequence[News]) -> list[Parcel]:
    again, rest = _begun(situation, target, pending)
    old: list[News] = []
    parcels = list(again)
    # Alerts in the order of their first news; the news of one alert in theirs.
    for _, each in groupby(sorted(rest, key=lambda news: (news.alert, news.interval)), key=lambda news: news.alert):
        news = tuple(each)
        if news[-1].is_fresh:
            parcels.append(Parcel(target, news[-1].key, news, is_summary=False))
        else:
            old += news
    if old and situation.is_settled:
        parcels.append(Parcel(target, summary_key(old), tuple(old), is_summary=True))
    ready = [each for each in parcels if all(situation.of(news, target).is_due(situation.now) for news in each.news)]
    return sorted(ready, key=lambda parcel: parcel.news[0].interval)


def summary_key(news: Sequence[News]) -> str:
    """Return the key of a summary."""
    return key_of("summary", *sorted(each.key for each in news))


def _begun(situation: Situation, target: Target, pending: Sequence[News]) -> tuple[list[Parcel], list[News]]:
    """Return the messages that were claimed and may have been sent, as they were, and the news in none of them."""
    claims: dict[str, list[News]] = {}
    rest = []
    for news in pending:
        claimed = situation.of(news, target).claimed
        if claimed is None:
            rest.append(news)
        else:
            claims.setdefault(claimed.message, []).append(news)
    # The same key only for the same news: a receiver that has it drops the message.
    parcels = []
    for key, held in claims.items():
        is_single = any(news.key == key for news in held)
        ordered = sorted(held, key=lambda news: (news.key == key, news.interval)) if is_single else held
        parcels.append(Parcel(target, key, tuple(ordered), is_summary=not is_single))
    return parcels, rest
