"""Scored rows whose label is known, point-in-time: the rows that the metric is computed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.interval import Interval, partition
from sluss.monitoring import sample
from sluss.monitoring.tables import LABELS, PREDICTIONS, read_known
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
    version may have learned from are left out. Of an interval with very many rows, a sample is read.
    """
    group, stored, many = use_case.group, problem_of(use_case).scoring.stored, sample.shares(lake, span)
    columns = ["id", "event_time", *stored, _VERSION]
    # Very many labels do not fit in memory, so only those of the rows in the sample are read.
    scored = sample.scored_in(lake, columns, span, many, use_case.unit) if many else None
    labels = _labels(lake, span, known_before, scored)
    if labels.empty:
        return labels.assign(interval="", model_version="", **dict.fromkeys([*stored, *([group] if group else [])]))
    if scored is None:
        scored = sample.scored_in(lake, columns, span, many, use_case.unit)
    found = not_before_the_event(scored.merge(labels, on="id")).drop(columns="event_time")
    if group:
        ids = found["id"].tolist() if many else None
        found = found.merge(read_known(lake, ["id", group], span, known_before, ids), on="id")
    return never_learned(use_case, found)


def _labels(lake: Lake, span: tuple[str, str], known_before: datetime, scored: pd.DataFrame | None) -> pd.DataFrame:
    """Read the labels known before a moment, all or those of some rows."""
    import pandas as pd
    import pyarrow.dataset as ds

    table = lake.dataset(LABELS, first=span[0], last=span[1])
    if table is None:
        return pd.DataFrame(columns=["id", "label", "label_time"])
    return known_labels(table, known_before, None if scored is None else ds.field("id").isin(scored["id"].tolist()))


@dataclass(frozen=True)
class Labelled:
    """Rows scored by one version, with the labels known at an interval's end."""

    rows: pd.DataFrame  # of all intervals from `first` on
    first: str  # name of an interval; no label arrived since the last look for a row of an earlier one
    window: tuple[str, str]  # names of the first and the last interval of the monitor's window
    newest: pd.DataFrame  # of the newest whole intervals that together have enough rows


def newest_labelled(
    lake: Lake, use_case: UseCase, interval: Interval, version: str, seen: tuple[datetime, str] | None = None
) -> Labelled:
    """Read the newest whole intervals that have enough labelled rows, and all to which a new label belongs.

    With few labels for each interval, several of them together are still judged. `version` scored this interval. A
    label whose row lies before the monitor's window is not read.

    Args:
        lake: the tables.
        use_case: names the window and the rows that are enough.
        interval: the present one.
        version: that scored the rows.
        seen: the moment before which labels were read already, and the first interval that the version scored. Without
            it, the whole window is read.
    """
    names, needed = _names(lake, use_case, interval, version, seen), use_case.monitoring.quality_rows
    share = min(sample.shares(lake, (names[-1], names[0])).values(), default=1.0)
    arrived = None if seen is None else _arrived(lake, use_case, seen[0], interval, share)
    depth = _GLANCE if arrived is not None else len(names)
    while True:
        rows = labelled_rows(lake, use_case, (names[:depth][-1], names[0]), interval.end)
        scored = set(rows.id) if arrived else set()
        # The labels of rows that another version scored measure that version.
        rows = rows[rows.model_version == version]
        if depth >= len(names) or (pieces(use_case, rows) >= needed and not (arrived or set()) - scored):
            span = window(use_case, interval)[-1], names[0]
            return Labelled(rows, names[:depth][-1], span, newest_enough(use_case, rows))
        # Multiplied, so that rare labels need few rounds.
        depth *= _GLANCE


def _names(
    lake: Lake, use_case: UseCase, interval: Interval, version: str, seen: tuple[datetime, str] | None
) -> list[str]:
    """Return the intervals of the window that the version may have scored, the newest first."""
    names = window(use_case, interval)
    if seen is not None:
        return [name for name in names if name >= seen[1]] or names[:1]
    scored = in_common(lake, PREDICTIONS, [_VERSION], (names[-1], names[0]))
    # A new version has scored only a few intervals; the others need not be read.
    return [name for name in names if name in scored and scored[name].get(_VERSION, version) == version]


def _arrived(lake: Lake, use_case: UseCase, since: datetime, interval: Interval, share: float) -> set[str]:
    """Return the ids whose label arrived since a moment, or of very many the sample that all intervals have in common.

    A label is in the partition of its arrival.
    """
    unit = use_case.unit
    return sample.arrived(lake, (partition(since, unit), partition(interval.end, unit)), interval.end, share)


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
