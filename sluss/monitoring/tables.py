"""The tables that the monitor reads and writes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sluss.interval import Interval, partition
from sluss.monitoring.alerts import Alert
from sluss.monitoring.quality_history import QualityHistory, read_history
from sluss.statistics.figures import GROUPS, Drift, Estimate, Expected, Summary
from sluss.storage.lake import INTERVAL, Lake
from sluss.storage.point_in_time import known_rows
from sluss.storage.table_log import in_common

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    import pandas as pd
    import pyarrow as pa
    import pyarrow.dataset as ds

    from sluss.config.use_case import UseCase

TABLES = MONITORING, PREDICTIONS, LABELS, CURATED = "monitoring", "predictions", "labels", "curated"


@dataclass(frozen=True, slots=True)
class Point:
    """One figure of one interval, and the version that scored it."""

    interval: str
    model_version: str
    rows: int
    value: float


@dataclass(frozen=True, slots=True)
class State:
    """The state that an interval hands on to the next one."""

    watch: Mapping[str, Any] = field(default_factory=dict)  # of the drift
    history: QualityHistory | None = None  # of the labels
    probation: dict[str, Any] | None = None  # of the version, as plain values


@dataclass(frozen=True, slots=True)
class Monitored:
    """The statistics and alerts of one interval: a row of the table `monitoring`."""

    summary: Summary
    alerts: tuple[Alert, ...]
    state: State = field(default_factory=State)  # reading leaves it out


@dataclass(frozen=True, slots=True)
class Last:
    """The part of the last interval before another that the monitor needs: version, alerts by type, and state."""

    interval: str = ""
    model_version: str | None = None
    alerts: Mapping[str, Alert] = field(default_factory=dict)
    state: State = field(default_factory=State)


def read_rows(
    lake: Lake, table: str, columns: list[str], *, first: str | None = None, last: str | None = None
) -> pd.DataFrame:
    """Read columns of the partitions first ≤ interval ≤ last; empty if the table does not exist."""
    rows: pd.DataFrame = _read(lake, table, columns, (first, last)).to_pandas()
    return rows


def read_scored(lake: Lake, columns: list[str], span: tuple[str, str], without: Sequence[str]) -> pd.DataFrame:
    """Read columns of the predictions of the partitions first ≤ interval ≤ last, without some of these."""
    import pyarrow.dataset as ds

    kept = ~ds.field(INTERVAL).isin(list(without)) if without else None
    rows: pd.DataFrame = _read(lake, PREDICTIONS, columns, span, kept).to_pandas()
    return rows


def read_predictions(lake: Lake, columns: list[str], interval: str, ids: Sequence[str]) -> pd.DataFrame:
    """Read columns of the interval's predictions with these ids: an interval may have more rows than fit in memory."""
    import pyarrow.dataset as ds

    rows: pd.DataFrame = _read(
        lake, PREDICTIONS, columns, (interval, interval), ds.field("id").isin(list(ids))
    ).to_pandas()
    return rows


def read_known(
    lake: Lake, columns: list[str], span: tuple[str, str], as_of: datetime, ids: Sequence[str] | None = None
) -> pd.DataFrame:
    """Read columns of the curated rows of the partitions first ≤ interval ≤ last, as known just before a moment.

    With `ids`, only of these: intervals may have more rows than fit in memory.
    """
    import pandas as pd
    import pyarrow.dataset as ds

    table = lake.dataset(CURATED, first=span[0], last=span[1])
    among = None if ids is None else ds.field("id").isin(list(ids))
    rows: pd.DataFrame = (
        pd.DataFrame(columns=columns) if table is None else known_rows(table, columns, as_of, among).to_pandas()
    )
    return rows


def latest_alerts(lake: Lake, before: str) -> dict[str, Alert]:
    """Return the alerts of the last monitored interval before `before`, by type."""
    return dict(last_before(lake, before).alerts)


def last_before(lake: Lake, interval: str) -> Last:
    """Return version, alerts and state of the last monitored interval before `interval`."""
    last = lake.newest(MONITORING, interval)
    if last is None:
        return Last()
    [row] = _read(lake, MONITORING, [INTERVAL, "model_version", _ALERTS, *_STATE], (last, last)).to_pylist()
    state = State(
        json.loads(row.get(_WATCH) or "{}"),
        read_history(row.get(_HISTORY)),
        json.loads(row.get(_PROBATION) or "null"),
    )
    return Last(last, row.get("model_version"), _by_type(_alerts(row)), state)


def as_raised(lake: Lake, alert: Alert) -> Alert | None:
    """Return an alert as it was when it was raised: its sentence and figures are of the change that it stands for."""
    raised = read_alerts(lake, first=alert.since, last=alert.since)
    return next((each for each in raised if each.type == alert.type and each.state == "raised"), None)


def _by_type(alerts: Iterable[Alert]) -> dict[str, Alert]:
    # Where a version took over, an interval may end an alert of the old one and raise that type for the new one.
    return {alert.type: alert for alert in sorted(alerts, key=lambda alert: alert.active)}


def read_monitored(lake: Lake, *, first: str | None = None, last: str | None = None) -> list[Monitored]:
    """Read the statistics and alerts of the partitions first ≤ interval ≤ last, in order."""
    rows = _read(lake, MONITORING, [*_COLUMNS, _FIGURES, *_LATER, _ALERTS], (first, last)).to_pylist()
    found = [Monitored(_summary(row), tuple(_alerts(row))) for row in rows]
    return sorted(found, key=lambda monitored: monitored.summary.interval)


def read_series(lake: Lake, figure: str, intervals: Sequence[str]) -> list[Point]:
    """A figure with a column of its own, in those of the intervals that were monitored, in order.

    A partition is one row, so the table's log alone has it: no file is opened, however many intervals there are.
    """
    columns = ("model_version", "rows", figure)
    if not intervals:
        return []
    found = in_common(lake, MONITORING, columns, (min(intervals), max(intervals)))
    known = sorted(name for name in found.keys() & set(intervals) if len(found[name]) == len(columns))
    return [Point(name, *(found[name][column] for column in columns)) for name in known]


def read_groups(lake: Lake, intervals: Sequence[str]) -> dict[str, float]:
    """How many groups the rows of these intervals come from, where that is known."""
    if not intervals:
        return {}
    rows = _read(lake, MONITORING, [INTERVAL, _FIGURES], (min(intervals), max(intervals))).to_pylist()
    figures = {row[INTERVAL]: json.loads(row.get(_FIGURES) or "{}") for row in rows}
    return {name: each[GROUPS] for name, each in figures.items() if GROUPS in each}


def read_alerts(lake: Lake, *, first: str | None = None, last: str | None = None) -> list[Alert]:
    """Read the alerts of the partitions first ≤ interval ≤ last, in order."""
    rows = _read(lake, MONITORING, [INTERVAL, _ALERTS], (first, last)).to_pylist()
    return [alert for row in sorted(rows, key=lambda row: str(row[INTERVAL])) for alert in _alerts(row)]


def write(lake: Lake, use_case: UseCase, interval: Interval, monitored: Monitored) -> None:
    """Replace the interval's row."""
    import pyarrow as pa

    kept = [asdict(alert) | {"figures": json.dumps(alert.figures, sort_keys=True)} for alert in monitored.alerts]
    row = asdict(monitored.summary)
    row |= {name: row["figures"].pop(name, None) for name in _OWN_COLUMN} | {
        _ALERTS: kept,
        _WATCH: json.dumps(monitored.state.watch),
        _HISTORY: monitored.state.history and monitored.state.history.as_json(),
        _PROBATION: monitored.state.probation and json.dumps(monitored.state.probation),
    }
    others = [_FIGURES] if row[_FIGURES] or _has_figures(lake) else []
    row |= {name: json.dumps(row[name]) for name in (*_JSON, *_LATER, *others)}
    types = dict.fromkeys([*_COLUMNS, *_LATER, *others, *_STATE], pa.string())
    types |= {"rows": pa.int64()} | dict.fromkeys(_OWN_COLUMN, pa.float64())
    types[_ALERTS] = pa.list_(pa.struct([(name, pa.string()) for name in _ALERT]))
    rows = pa.Table.from_pylist([row], schema=pa.schema(list(types.items())))
    unit = use_case.unit
    lake.add_columns(MONITORING, rows.schema)
    lake.replace(MONITORING, rows, partition(interval.start, unit), partition(interval.end, unit))


def _has_figures(lake: Lake) -> bool:
    """Whether an interval had other figures before: some come with labels, which the next one may lack."""
    table = lake.table(MONITORING)
    return table is not None and any(column.name == _FIGURES for column in table.schema().fields)


# Figures with a column of their own, as every table of the past has them; a table has the column `figures`, JSON, only
# where the problem has other ones.
_OWN_COLUMN = ("mean_confidence", "low_confidence_share", "positive_share")
_FIGURES = "figures"
_STATE = _WATCH, _HISTORY, _PROBATION = "watch", "quality_history", "probation"  # JSON; older tables lack them
# The metric before labels come, and on the version's holdout, JSON; older tables lack them.
_LATER = _EXPECTED, _PROMISE = "expected", "promise"
_JSON = ("histogram", "drift", "quality", "quality_intervals")
_COLUMNS = [INTERVAL, "model_version", "run_id", "rows", *_OWN_COLUMN, *_JSON]
_ALERTS, _ALERT = "alerts", ("type", "severity", "state", "since", "message", "figures")


def _read(
    lake: Lake, table: str, columns: list[str], span: tuple[str | None, str | None], kept: ds.Expression | None = None
) -> pa.Table:
    import pyarrow as pa

    dataset = lake.dataset(table, first=span[0], last=span[1])
    if dataset is None:
        return pa.table({name: pa.array([], pa.string()) for name in columns})
    # A table that older code created may lack a column.
    there = set(dataset.schema.names)
    return dataset.to_table(columns=[name for name in columns if name in there], filter=kept)


def _alerts(row: dict[str, Any]) -> list[Alert]:
    kept = sorted(row[_ALERTS], key=lambda each: str(each["type"]))
    return [Alert(interval=row[INTERVAL], **each | {"figures": json.loads(each["figures"])}) for each in kept]


def _summary(row: dict[str, Any]) -> Summary:
    parts = {name: json.loads(row[name]) for name in _JSON}
    expected, promise = (json.loads(row.get(name) or "null") for name in _LATER)
    own = {name: row[name] for name in _OWN_COLUMN if row[name] is not None}
    return Summary(
        **{name: row[name] for name in (INTERVAL, "model_version", "run_id", "rows")},
        figures=own | json.loads(row.get(_FIGURES) or "{}"),
        histogram=tuple(parts["histogram"]),
        drift=tuple(Drift(**drift) for drift in parts["drift"]),
        quality=Estimate(**parts["quality"]) if parts["quality"] else None,
        quality_intervals=tuple(parts["quality_intervals"]),
        expected=Expected(**expected) if expected else None,
        promise=Estimate(**promise) if promise else None,
    )
