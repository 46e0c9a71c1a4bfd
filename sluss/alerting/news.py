"""News: the events in the life of alerts that a person should hear of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from sluss.alerting.identity import alert_id, key_of
from sluss.interval import parse_interval
from sluss.monitoring.tables import MONITORING, read_alerts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sluss.alerting.life import Life
    from sluss.config.use_case import UseCase
    from sluss.monitoring.alerts import Alert
    from sluss.problems.condition import Severity
    from sluss.storage.lake import Lake

What = Literal["raised", "updated", "ended", "unsilenced"]
_FEW = 10
_FRESH = timedelta(days=1)  # news of an interval that ended longer ago are those of a backfill


@dataclass(frozen=True, slots=True)
class News:
    """One event in the life of one alert."""

    key: str
    what: What
    alert: str  # id
    type: str
    severity: Severity
    since: str
    interval: str
    sentence: str
    figures: dict[str, object]
    is_fresh: bool  # whether its interval has just ended
    lasts: bool  # whether the alert is still on


@dataclass(frozen=True)
class Written:
    """The part of the monitor's table in which there may be news."""

    newest: str
    alerts: Sequence[Alert]  # of the intervals that were written in the last days
    active: frozenset[tuple[str, str]]  # type and first interval of those that are on
    last_write: datetime


def read_written(lake: Lake, after: datetime) -> Written | None:
    """Read the intervals that were written after a moment; None if there are none.

    The table's log has the time at which each interval was written, so a long history costs nothing.

    Raises:
        ServiceError: the lake does not answer.
    """
    lake = lake.holding(MONITORING)  # one version, and no request for each interval
    stamps = lake.written_after(MONITORING, after)
    newest = lake.newest(MONITORING)
    if not stamps or newest is None:
        return None
    alerts = _alerts(lake, sorted(stamps))
    last = alerts if newest in stamps else read_alerts(lake, first=newest, last=newest)
    active = frozenset((alert.type, alert.since) for alert in last if alert.interval == newest and alert.active)
    return Written(newest, alerts, active, max(stamps.values()))


def _alerts(lake: Lake, names: Sequence[str]) -> list[Alert]:
    """Read the alerts of some intervals: few of them one by one, since others may lie between them."""
    if len(names) <= _FEW:
        return [alert for name in names for alert in read_alerts(lake, first=name, last=name)]
    wanted = set(names)
    return [alert for alert in read_alerts(lake, first=names[0], last=names[-1]) if alert.interval in wanted]


def news(use_case: UseCase, written: Written, now: datetime) -> list[News]:
    """Return the news of the written intervals, in their order.

    A key depends on the alert, the event and its interval alone: an interval that is monitored again has no new ones.
    """
    found = []
    for alert in written.alerts:
        if alert.state == "ongoing":
            continue
        name = alert_id(use_case.name, alert.type, alert.since)
        end = parse_interval(alert.interval, use_case.unit).end
        found.append(
            News(
                key=key_of(use_case.name, name, alert.state, alert.interval, alert.severity),
                what=alert.state,
                alert=name,
                type=alert.type,
                severity=alert.severity,
                since=alert.since,
                interval=alert.interval,
                sentence=alert.message,
                figures=alert.figures,
                is_fresh=now - end <= max(_FRESH, 2 * (end - parse_interval(alert.interval, use_case.unit).start)),
                lasts=(alert.type, alert.since) in written.active,
            )
        )
    return found


def expired(use_case: str, known: Iterable[Life], span: tuple[datetime, datetime]) -> list[News]:
    """Return the news that a silence has expired in a span of time, of alerts that are still on and have no owner."""
    found = []
    for life in known:
        end = life.silence.until if life.silence else None
        if life.on and not life.owner and end is not None and span[0] < end <= span[1]:
            found.append(
                News(
                    key=key_of(use_case, life.id, "unsilenced", end.astimezone(UTC).isoformat()),
                    what="unsilenced",
                    alert=life.id,
                    type=life.type,
                    severity=life.severity,
                    since=life.since,
                    interval=life.interval,
                    sentence=life.message,
                    figures={},
                    is_fresh=True,
                    lasts=True,
                )
            )
    return found
