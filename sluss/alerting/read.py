"""Reads the lives of a use case's alerts from the lake."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from sluss.alerting.actions import Action, read_actions
from sluss.alerting.life import Life, lives
from sluss.errors import ConfigError, printable
from sluss.monitoring.tables import MONITORING, read_alerts
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sluss.context import Context
    from sluss.monitoring.alerts import Alert
    from sluss.storage.lake import Lake

_SHORTEST = 3  # characters of an id that may stand for all of it


def read_lives(lake: Lake, *, ended: bool = False) -> list[Life]:
    """Return the alerts that are open, or all, in the order in which they began.

    For the open ones, only the intervals since the oldest of them are read.

    Raises:
        ServiceError: the lake does not answer.
    """
    newest = lake.newest(MONITORING)
    if newest is None:
        return []
    actions = read_actions(lake)
    first = None if ended else _oldest(lake, newest, actions)
    found = lives(lake.use_case, days(lake, first), actions)
    return found if ended else [life for life in found if life.is_open]


def _oldest(lake: Lake, newest: str, actions: Sequence[Action]) -> str:
    """Return the first interval of the oldest alert that may be open."""
    active = [alert.since for alert in read_alerts(lake, first=newest, last=newest) if alert.active]
    return min([newest, *active, *_reopened(actions)])


def _reopened(actions: Iterable[Action]) -> list[str]:
    begun: dict[str, str] = {}
    for action in actions:
        if action.action == "reopen":
            begun[action.alert] = action.since
        elif action.action == "close":
            begun.pop(action.alert, None)
    return list(begun.values())


def days(lake: Lake, first: str | None = None) -> list[tuple[str, list[Alert]]]:
    """Return the monitored intervals from `first` on, in their order, each with the alerts of its row."""
    table = lake.table(MONITORING)
    names = {part[INTERVAL] for part in table.partitions()} if table else set()
    found: dict[str, list[Alert]] = {name: [] for name in sorted(names) if first is None or name >= first}
    for interval, alerts in groupby(read_alerts(lake, first=first), key=lambda alert: alert.interval):
        found[interval] = list(alerts)
    return list(found.items())


def find(context: Context, typed: str) -> Life:
    """Return the alert whose id begins with the characters that a person typed.

    Raises:
        ConfigError: there is none, or more than one.
        ServiceError: the lake does not answer.
    """
    wanted = typed.strip().lower()
    if len(wanted) < _SHORTEST:
        raise ConfigError(f"'{printable(typed)}' is not the id of an alert: give at least three characters of it.")
    # An ended one is found too, for a comment or to open it again; to find it, all rows have to be read.
    for ended in (False, True):
        known = read_lives(context.lake, ended=ended)
        matching = [life for life in known if life.id.startswith(wanted)]
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise ConfigError(
                f"'{printable(typed)}' begins the ids of {' and '.join(life.id for life in matching)}: type more of it."
            )
    name = context.use_case.name
    raise ConfigError(
        f"{name} has no alert '{printable(typed)}'. List the alerts with their ids: make alerts USE_CASE={name} ALL=1."
    )
