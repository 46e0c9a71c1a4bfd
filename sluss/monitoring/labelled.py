"""Scored rows whose label is known, point-in-time: the rows that the metric is computed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.interval import Interval, partition
from sluss.monitoring.tables import LABELS, PREDICTIONS, read_known, read_rows
from sluss.problems import problem_of
from sluss.storage.held_out import never_learned
from sluss.storage.lake import INTERVAL, Lake
from sluss.storage.point_in_time import known_labels, not_before_the_event
from sluss.storage.table_log import in_common

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from sluss.config.use_case import UseCase

_VERSION = "model_version"
_GLANCE = 4  # intervals read at first: most labels arrive within them


def window(use_case: UseCase, interval: Interval) -> list[str]:
    """Return the names of the intervals in the monitor's window, the newest first, including this one."""
    rules, unit, start = use_case.monitoring, use_case.unit, interval.start
    names: list[str] = []
    while len(names) < rules.window_intervals and (interval.end - start).days <= rules.window_days:
        names.append(partition(start, unit))
        start = unit.before(start)
    return names


def labelled_rows(lake: Lake, use_case: UseCase, span: tuple[str, str], known_before: datetime) -> pd.DataFrame:
    """Read predictions of the intervals from the first to the last with the labels known before a moment.

    A corrected label counts once. Where rows come in groups, their column is there too. Without times, rows that a
    version may have learned from are left out.
    """
    import pandas as pd

    group = use_case.group
    (first, last), stored = span, problem_of(use_case).scoring.stored
    table = lake.dataset(LABELS, first=first, last=last)
    labels = pd.DataFrame(columns=["id", "label", "label_time"]) if table is None else known_labels(table, known_before)
    if labels.empty:
        return labels.assign(interval="", model_version="", **dict.fromkeys([*stored, *([group] if group else [])]))
    scored = read_rows(lake, PREDICTIONS, [INTERVAL, "id", "event_time", *stored, _VERSION], first=first, last=last)
    found = not_before_the_event(scored.merge(labels, on="id")).drop(columns="event_time")
    if group:
        found = found.merge(read_known(lake, ["id", group], span, known_before), on="id")
    return never_learned(use_case, found)


def newest_labelled(lake: Lake, use_case: UseCase, interval: Interval, version: str) -> pd.DataFrame:
    """Read the newest whole intervals that together have enough labelled rows scored by this version.

    With few labels for each interval, several of them together are still judged. `version` scored this interval.
    """
    within, needed = window(use_case, interval), use_case.monitoring.quality_rows
    scored = in_common(lake, PREDICTIONS, [_VERSION], (within[-1], within[0]))
    # A new version has scored only a few intervals; the others need not be read.
    by_it = {name for name, same in scored.items() if same.get(_VERSION, version) == version}
    names = [name for name in within if name in by_it]
    depth = _GLANCE
    while True:
        rows = labelled_rows(lake, use_case, (names[:depth][-1], names[0]), interval.end)
        # The labels of rows that another version scored measure that version.
        rows = rows[rows.model_version == version]
        if pieces(use_case, rows) >= needed or depth >= len(names):
            return newest_enough(use_case, rows)
        # Multiplied, so that rare labels need few rounds.
        depth *= _GLANCE


def pieces(use_case: UseCase, rows: pd.DataFrame) -> int:
    """Count the independent pieces of evidence: groups where rows come in groups, else rows."""
    return rows[use_case.group].nunique(dropna=False) if use_case.group else len(rows)


def newest_enough(use_case: UseCase, rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the newest whole intervals that together have `quality_rows` pieces of evidence, or all."""
    # Each group counts in the newest interval that has one of its rows.
    newest_first = rows.sort_values(INTERVAL, ascending=False, kind="stable")
    counted = newest_first.drop_duplicates(use_case.group) if use_case.group else newest_first
    known = counted.groupby(INTERVAL).size().sort_index(ascending=False).cumsum()
    # Whole intervals: within one, the choice of rows would depend on their order in the file.
    enough = known[known >= use_case.monitoring.quality_rows]
    return rows if enough.empty else rows[rows[INTERVAL] >= enough.index[0]]
