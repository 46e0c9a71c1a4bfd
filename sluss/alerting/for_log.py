"""News of alerts as sentences for a log, and the failure that a config may wish for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluss.alerting.message import harmless, next_steps
from sluss.alerting.news import Written, news
from sluss.errors import CriticalAlertError
from sluss.interval import partition
from sluss.monitoring.tables import read_alerts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.alerting.news import News
    from sluss.context import Context
    from sluss.interval import Interval
    from sluss.monitoring.alerts import Alert

_LONG = 4_000  # characters of a sentence; a log keeps more than a mail's line


def sentences(context: Context, alerts: Sequence[Alert]) -> list[str]:
    """Return a sentence for each alert that an interval raised or made worse: how bad, what, what to do, and where."""
    return [_sentence(context, each) for each in _began(context, alerts)]


def fail_if_critical(context: Context, interval: Interval) -> None:
    """Do nothing unless a monitored interval raised a critical alert, or one of its alerts became critical.

    Raises:
        CriticalAlertError: it did; the sentences of these alerts.
        ServiceError: the lake does not answer.
    """
    name = partition(interval.start, context.use_case.unit)
    found = _began(context, read_alerts(context.lake, first=name, last=name))
    critical = [_sentence(context, each) for each in found if each.severity == "critical"]
    if critical:
        raise CriticalAlertError(" ".join(critical))


def _began(context: Context, alerts: Sequence[Alert]) -> list[News]:
    now = datetime.now(UTC)
    active = frozenset((alert.type, alert.since) for alert in alerts if alert.active)
    found = news(context.use_case, Written("", alerts, active, now), now)
    return [each for each in found if each.what in {"raised", "updated"}]


def _sentence(context: Context, each: News) -> str:
    name = context.use_case.name
    verb = "was raised" if each.what == "raised" else "became worse"
    commands = ", then ".join(next_steps(name, each))
    return harmless(
        f"{each.severity.capitalize()} alert: {each.type} of {name} {verb} in {each.interval}. {each.sentence} "
        f"Next: {commands}. Control room: {context.settings.page_of(name, each.alert)}",
        _LONG,
    )
