"""The tables the monitor reads and writes."""

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tasks.monitoring.alerts import Alert
from tasks.monitoring.drift import SCORE, Drift
from tasks.monitoring.quality import Estimate
from tasks.shared.interval import Interval, partition
from tasks.shared.use_case import UseCase
from tasks.storage.lake import INTERVAL, Lake
from tasks.storage.point_in_time import known_rows

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd
    import pyarrow as pa

TABLES = ALERTS, MONITORING, PREDICTIONS, LABELS, CURATED = "alerts", "monitoring", "predictions", "labels", "curated"
BINS = 20  # of the score histogram


@dataclass(frozen=True, slots=True)
class Summary:
    """What the monitor found out about one interval, as known at its end; a row of the table `monitoring`."""

    interval: str
    model_version: str
    run_id: str
    rows: int
    mean_confidence: float | None  # these three are None in a regression
    low_confidence_share: float | None
    positive_share: float | None
    histogram: tuple[int, ...]  # rows by score, in equal bins from 0 to 1, or over the range of the profile's scores
    drift: tuple[Drift, ...]
    quality: Estimate | None
    quality_intervals: tuple[str, ...]

    @property
    def mean_score(self) -> float:
        """Of the interval's predictions."""
        return next(drift.now for drift in self.drift if drift.feature == SCORE and drift.now is not None)


def read_rows(
    lake: Lake, table: str, columns: list[str], *, first: str | None = None, last: str | None = None
) -> "pd.DataFrame":
    """Columns of the partitions first ≤ interval ≤ last; empty where the table does not exist."""
    rows: pd.DataFrame = _read(lake, table, columns, (first, last)).to_pandas()
    return rows


def read_known(lake: Lake, columns: list[str], span: tuple[str, str], as_of: "datetime") -> "pd.DataFrame":
    """Columns of the curated rows of the partitions first ≤ interval ≤ last, as known just before a moment."""
    import pandas as pd

    table = lake.dataset(CURATED, first=span[0], last=span[1])
    rows: pd.DataFrame = (
        pd.DataFrame(columns=columns) if table is None else known_rows(table, columns, as_of).to_pandas()
    )
    return rows


def latest_alerts(lake: Lake, before: str) -> dict[str, Alert]:
    """The newest alert of each type from intervals before `before`."""
    return {alert.type: alert for alert in read_alerts(lake) if alert.interval < before}


def read_alerts(lake: Lake, *, first: str | None = None, last: str | None = None) -> list[Alert]:
    """Alerts of the intervals, in order."""
    rows = _read(lake, ALERTS, _ALERT_COLUMNS, (first, last)).to_pylist()
    alerts = [Alert(**(row | {"figures": json.loads(row["figures"])})) for row in rows]
    return sorted(alerts, key=lambda alert: (alert.interval, alert.type))


def read_summaries(lake: Lake, *, first: str | None = None, last: str | None = None) -> list[Summary]:
    """What the monitor wrote about the intervals, in order."""
    rows = _read(lake, MONITORING, _SUMMARY_COLUMNS, (first, last)).to_pylist()
    return sorted(map(_summary, rows), key=lambda summary: summary.interval)


def write_alerts(lake: Lake, use_case: UseCase, interval: Interval, alerts: list[Alert]) -> None:
    """Put these alerts in the place of whatever the interval had."""
    rows = [asdict(alert) | {"figures": json.dumps(alert.figures, sort_keys=True)} for alert in alerts]
    _replace(lake, ALERTS, _table(rows, _ALERT_COLUMNS), (use_case, interval))


def write_summary(lake: Lake, use_case: UseCase, interval: Interval, summary: Summary) -> None:
    """Put this row in the place of whatever the interval had."""
    import pyarrow as pa

    row = asdict(summary)
    row |= {name: json.dumps(row[name]) for name in _JSON}
    types = {"rows": pa.int64()} | {n: pa.float64() for n in _FLOATS}
    _replace(lake, MONITORING, _table([row], _SUMMARY_COLUMNS, types), (use_case, interval))


_ALERT_COLUMNS = [INTERVAL, "type", "severity", "state", "since", "message", "figures"]
_FLOATS = ("mean_confidence", "low_confidence_share", "positive_share")
_JSON = ("histogram", "drift", "quality", "quality_intervals")
_SUMMARY_COLUMNS = [INTERVAL, "model_version", "run_id", "rows", *_FLOATS, *_JSON]


def _table(rows: list[dict[str, Any]], columns: list[str], types: "dict[str, pa.DataType] | None" = None) -> "pa.Table":
    import pyarrow as pa

    schema = pa.schema([(name, (types or {}).get(name, pa.string())) for name in columns])
    return pa.Table.from_pylist(rows, schema=schema)


def _replace(lake: Lake, name: str, rows: "pa.Table", of: tuple[UseCase, Interval]) -> None:
    use_case, interval = of
    lake.replace(name, rows, partition(interval.start, use_case.unit), partition(interval.end, use_case.unit))


def _read(lake: Lake, table: str, columns: list[str], span: tuple[str | None, str | None]) -> "pa.Table":
    import pyarrow as pa

    dataset = lake.dataset(table, first=span[0], last=span[1])
    if dataset is None:
        return pa.table({name: pa.array([], pa.string()) for name in columns})
    return dataset.to_table(columns=columns)


def _summary(row: dict[str, Any]) -> Summary:
    parts = {name: json.loads(row[name]) for name in _JSON}
    return Summary(
        **{name: row[name] for name in row if name not in _JSON},
        histogram=tuple(parts["histogram"]),
        drift=tuple(Drift(**drift) for drift in parts["drift"]),
        quality=Estimate(**parts["quality"]) if parts["quality"] else None,
        quality_intervals=tuple(parts["quality_intervals"]),
    )
