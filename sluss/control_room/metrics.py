"""The state of all use cases as metrics for Prometheus. Labels come from the config and the code, never from data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from sluss.control_room.status import ORDER
from sluss.interval import parse_interval
from sluss.registry import ledger
from sluss.storage.backups_made import BackupsMade

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from sluss.control_room.known import Seen
    from sluss.control_room.status import Status

# By name: what it measures, and its labels.
METRICS: dict[str, tuple[str, tuple[str, ...]]] = {
    "sluss_use_case_level": ("1 for the level that a use case has now, 0 for the others", ("use_case", "level")),
    "sluss_waiting": ("Things that need a person", ("use_case",)),
    "sluss_champion_version": ("Number of the version in production; absent where there is none", ("use_case",)),
    "sluss_champion_age_seconds": ("Seconds since the newest change of production", ("use_case",)),
    "sluss_ledger_faults": ("Faults of the ledger", ("use_case",)),
    "sluss_intervals_behind": ("Intervals that should be scored and are not; 0 where no schedule runs", ("use_case",)),
    "sluss_scored_until_timestamp_seconds": ("End of the newest scored interval, in Unix time", ("use_case",)),
    "sluss_quality": ("Newest metric of labelled rows", ("use_case", "metric")),
    "sluss_quality_low": ("Lower end of its 95 % interval", ("use_case", "metric")),
    "sluss_quality_high": ("Upper end of its 95 % interval", ("use_case", "metric")),
    "sluss_quality_promise": ("The same metric on the version's holdout", ("use_case", "metric")),
    "sluss_quality_estimate": ("The metric estimated before labels come, newest interval", ("use_case", "metric")),
    "sluss_drift_max": ("Largest distance of a feature from the reference profile, newest interval", ("use_case",)),
    "sluss_alerts_open": ("Open alerts", ("use_case", "severity", "owned")),
    "sluss_alert_on": ("1 for each type of alert that is open", ("use_case", "type", "severity")),
    "sluss_rows": ("Rows of the newest interval that each table has", ("use_case", "table")),
    "sluss_store_reachable": ("1 if the store answered the newest request, else 0", ("store",)),
    "sluss_backup_timestamp_seconds": ("When the newest backup was made, in Unix time; absent before the first", ()),
    "sluss_backup_late": ("1 if no backup came in twice the usual time between two, else 0", ()),
    "sluss_state_age_seconds": ("Seconds since the state of the use case was read from the lake", ("use_case",)),
}
TABLES = ("curated", "labels", "predictions", "quarantine")
STORES = ("lake", "mlflow")
_NO_BACKUPS = BackupsMade()


@dataclass(frozen=True)
class Sample:
    """One value of a metric, with its labels in the order of `METRICS`."""

    name: str
    labels: tuple[str, ...]
    value: float


def exposition(seen: Sequence[Seen], now: datetime, *, scheduled: bool, backups: BackupsMade = _NO_BACKUPS) -> bytes:
    """Return the metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Collector([*samples(seen, now, scheduled=scheduled), *_of_backups(backups, now)]))
    return generate_latest(registry)


def _of_backups(backups: BackupsMade, now: datetime) -> Iterator[Sample]:
    if backups.newest is not None:
        yield Sample("sluss_backup_timestamp_seconds", (), backups.newest.timestamp())
        yield Sample("sluss_backup_late", (), float(backups.is_late(now)))


def samples(seen: Sequence[Seen], now: datetime, *, scheduled: bool) -> Iterator[Sample]:
    """Return every value, use case by use case."""
    for store, reachable in stores(seen).items():
        yield Sample("sluss_store_reachable", (store,), float(reachable))
    for each in seen:
        yield from _of_status(each.status(now, scheduled=scheduled))
        yield from _of_state(each, now)


def stores(seen: Sequence[Seen]) -> dict[str, bool]:
    """Return whether each store answered the newest request of every use case."""
    return {store: not any(getattr(each, f"{store}_error") for each in seen) for store in STORES}


class _Collector:
    """The form in which prometheus_client takes values that were read elsewhere."""

    def __init__(self, found: Sequence[Sample]) -> None:
        self._found = found

    def collect(self) -> Iterable[GaugeMetricFamily]:
        for name, (meaning, labels) in METRICS.items():
            family = GaugeMetricFamily(name, meaning, labels=labels)
            for sample in self._found:
                if sample.name == name:
                    family.add_metric(sample.labels, sample.value)
            yield family


def _of_status(status: Status) -> Iterator[Sample]:
    name = status.name
    for level in ORDER:
        yield Sample("sluss_use_case_level", (name, level), float(level == status.level))
    yield Sample("sluss_waiting", (name,), len(status.waiting))
    if status.freshness:
        behind = 0 if status.freshness.fresh is None else status.freshness.behind
        yield Sample("sluss_intervals_behind", (name,), behind)
    yield from _of_alerts(status)


def _of_alerts(status: Status) -> Iterator[Sample]:
    """Count by severity and owner, also where there is none, so that a sum has no gaps."""
    counts = {(severity, owned): 0 for severity in ("warning", "critical") for owned in ("yes", "no")}
    for line in status.alerts:
        counts[line.life.severity, "yes" if line.life.owner else "no"] += 1
    for labels, count in counts.items():
        yield Sample("sluss_alerts_open", (status.name, *labels), count)
    for kind, severity in sorted({(line.life.type, line.life.severity) for line in status.alerts}):
        yield Sample("sluss_alert_on", (status.name, kind, severity), 1)


def _of_state(seen: Seen, now: datetime) -> Iterator[Sample]:
    standing, name = seen.standing, seen.name
    if standing is None:
        return
    yield Sample("sluss_state_age_seconds", (name,), (now - standing.at).total_seconds())
    yield Sample("sluss_ledger_faults", (name,), len(standing.faults))
    version = ledger.in_production(standing.entries)
    if version is not None and version.isdecimal():
        yield Sample("sluss_champion_version", (name,), int(version))
    if standing.entries:
        yield Sample("sluss_champion_age_seconds", (name,), (now - standing.entries[-1].at).total_seconds())
    if standing.scored and seen.use_case:
        end = parse_interval(standing.scored, seen.use_case.unit).end
        yield Sample("sluss_scored_until_timestamp_seconds", (name,), end.timestamp())
    yield from _of_quality(seen)
    yield from _of_volumes(seen)


def _of_quality(seen: Seen) -> Iterator[Sample]:
    day, measured = (seen.standing.day, seen.standing.measured) if seen.standing else (None, None)
    if measured and (quality := measured.quality):
        labels = (seen.name, quality.metric)
        yield Sample("sluss_quality", labels, quality.value)
        yield Sample("sluss_quality_low", labels, quality.low)
        yield Sample("sluss_quality_high", labels, quality.high)
    if measured and measured.promise:
        yield Sample("sluss_quality_promise", (seen.name, measured.promise.metric), measured.promise.value)
    if day and day.expected:
        yield Sample("sluss_quality_estimate", (seen.name, day.expected.metric), day.expected.value)
    if day and day.drift:
        yield Sample("sluss_drift_max", (seen.name,), day.drift.distance)


def _of_volumes(seen: Seen) -> Iterator[Sample]:
    for table in TABLES:
        newest = next((rows for each in reversed(seen.volumes) if (rows := getattr(each, table))), None)
        if newest is not None:
            yield Sample("sluss_rows", (seen.name, table), newest)
