"""The content of the report, read from the lake and from MLflow."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sluss.errors import DataError
from sluss.interval import parse_interval, partition
from sluss.monitoring.labelled import labelled_rows
from sluss.monitoring.measure import estimate_of
from sluss.monitoring.profile import Profile, read_profile
from sluss.monitoring.tables import MONITORING, read_known, read_monitored
from sluss.registry import artifacts, ledger
from sluss.registry.champion import current, scored_by
from sluss.registry.runs import run_of
from sluss.storage.lake import INTERVAL, Lake

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from sluss.config.use_case import UseCase
    from sluss.context import Context
    from sluss.monitoring.alerts import Alert
    from sluss.statistics.figures import Estimate, Summary


@dataclass(frozen=True, slots=True)
class Day:
    """One interval: the monitor's statistics, and the metric on the labels known by now."""

    seen: Summary
    quality: Estimate | None
    mix: dict[str, int]  # rows by the use case's first category, such as the source


@dataclass(frozen=True, slots=True)
class AlertPeriod:
    """One alert from the interval that raised it to the one that ended it."""

    type: str
    severity: str
    since: str
    last: str  # the last interval in which it was active
    ended: bool
    message: str  # of the interval that raised it


@dataclass(frozen=True, slots=True)
class Champion:
    """The version in production."""

    version: str
    metrics: dict[str, float]
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """The report's content."""

    days: list[Day]
    alert_periods: list[AlertPeriod]
    alerts: list[Alert]
    profile: Profile  # of the version that scored the last interval
    champion: Champion | None
    mix_column: str | None
    before: Estimate | None  # before the first alert
    fallen: Estimate | None  # from then on, until another version took over; None where none did
    since: Estimate | None  # of the present state; once another version took over, the newest intervals with labels
    by_version: dict[tuple[str, str], Estimate]  # by mix and version, in the order of time


def nothing_monitored(use_case: UseCase, champion: str | None) -> DataError:
    """Return the error of a report without an interval; its cure is what comes next for the use case."""
    name, first = use_case.name, partition(use_case.first_live, use_case.unit)
    before = "" if champion else f"Train and deploy a model (make train deploy USE_CASE={name}), then score: "
    return DataError(
        f"No interval of {name} was monitored yet, so there is nothing to report. "
        f"{before or 'Score and monitor one first: '}make score USE_CASE={name} INTERVAL={first}, or see it all with "
        f"make demo USE_CASE={name}."
    )


def gather(context: Context, newest: int | None = None) -> Facts:
    """Read the content of the report from the lake and MLflow.

    Args:
        context: settings and use case.
        newest: how many of the newest intervals; by default all.

    Raises:
        DataError: no interval was monitored yet.
        ServiceError: the lake or MLflow does not answer.
    """
    use_case = context.use_case
    lake = context.lake
    monitored = read_monitored(lake, first=_first(lake, newest))
    if not monitored:
        raise nothing_monitored(use_case, ledger.in_production(ledger.read(lake)))
    seen = [each.summary for each in monitored]
    alerts = [alert for each in monitored for alert in each.alerts]
    mix_column = next((n for n, c in use_case.curation.columns.items() if c.kind == "category"), None)
    rows, mixes = _labelled(lake, use_case, seen, mix_column)
    quality = {str(name): _estimate(use_case, part) for name, part in rows.groupby(INTERVAL)}
    turning, present = _periods(alerts, seen)
    taken_over = _taken_over(seen, turning)
    if taken_over:
        present = _newest(rows[rows[INTERVAL] >= taken_over], use_case.monitoring.quality_rows) or taken_over
    return Facts(
        days=[Day(s, quality.get(s.interval), dict(mixes.get(s.interval, {}))) for s in seen],
        alert_periods=alert_periods(alerts),
        alerts=alerts,
        profile=_profile(context, seen[-1]),
        champion=_champion(context),
        mix_column=mix_column,
        before=_estimate(use_case, rows[rows[INTERVAL] < turning]),
        fallen=_estimate(use_case, rows[rows[INTERVAL].between(turning, taken_over, inclusive="left")]),
        by_version=_by_version(use_case, rows) if mix_column else {},
        since=_estimate(use_case, rows[rows[INTERVAL] >= present]) if present else None,
    )


def _first(lake: Lake, newest: int | None) -> str | None:
    """Return the first of the newest intervals, or None where all are wanted."""
    table = lake.table(MONITORING) if newest else None
    names = sorted({part[INTERVAL] for part in table.partitions()}) if table else []
    return names[-newest] if newest and len(names) > newest else None


def _profile(context: Context, last: Summary) -> Profile:
    """Return the profile of the version that scored an interval."""
    scorer = scored_by(context, last.model_version, last.run_id)
    return read_profile(artifacts.reference_profile(artifacts.local_copy(context.settings, scorer), scorer))


def alert_periods(alerts: Sequence[Alert]) -> list[AlertPeriod]:
    """Join the alerts of the intervals to periods, ordered by start and type."""
    found: dict[tuple[str, str], AlertPeriod] = {}
    for alert in sorted(alerts, key=lambda alert: alert.interval):
        key = (alert.type, alert.since)
        known = found.get(key)
        severity = "critical" if "critical" in (alert.severity, known and known.severity) else alert.severity
        last = alert.interval if alert.active or known is None else known.last
        if alert.state == "raised":  # by another change, the period of the one before is over
            found |= {k: replace(each, ended=True) for k, each in found.items() if k[0] == alert.type and k != key}
        found[key] = AlertPeriod(
            alert.type, severity, alert.since, last, not alert.active, known.message if known else alert.message
        )
    return sorted(found.values(), key=lambda period: (period.since, period.type))


def _labelled(
    lake: Lake, use_case: UseCase, seen: Sequence[Summary], mix_column: str | None
) -> tuple[pd.DataFrame, dict[str, Counter[str]]]:
    """Read scored rows with all labels known at the last interval's end, and count each interval's rows by category."""
    first, last = seen[0].interval, seen[-1].interval
    # A replay may hold later labels, which were not known at the last interval's end.
    as_of = parse_interval(last, use_case.unit).end
    rows = labelled_rows(lake, use_case, (first, last), as_of)
    if mix_column is None:
        return rows, {}
    raw = read_known(lake, [INTERVAL, "id", mix_column], (first, last), as_of)
    raw = raw.rename(columns={mix_column: "mix"})
    mixes: dict[str, Counter[str]] = {
        str(name): Counter(part.dropna().astype(str)) for name, part in raw.groupby(INTERVAL)["mix"]
    }
    return rows.merge(raw[["id", "mix"]], on="id", how="left"), mixes


def _estimate(use_case: UseCase, rows: pd.DataFrame) -> Estimate | None:
    return estimate_of(use_case, rows) if len(rows) else None


def _periods(alerts: Sequence[Alert], seen: Sequence[Summary]) -> tuple[str, str | None]:
    """Return the interval of the first alert, and the start of the present state: the same, or the last alert's end."""
    raised = [alert.interval for alert in alerts if alert.state == "raised"]
    if not raised:
        return "~", None  # sorts after every name of an interval
    active = any(alert.active and alert.interval == seen[-1].interval for alert in alerts)
    ended = [alert.interval for alert in alerts if alert.state == "ended"]
    return min(raised), min(raised) if active or not ended else max(ended)


def _taken_over(seen: Sequence[Summary], turning: str) -> str:
    """Return the first interval after the first alert that another version scored, or an empty text."""
    later = [summary for summary in seen if summary.interval >= turning]
    return next((each.interval for each in later if each.model_version != later[0].model_version), "")


def _newest(rows: pd.DataFrame, enough: int) -> str | None:
    """Return the first of the newest intervals that together have enough labelled rows."""
    known = rows.groupby(INTERVAL).size().sort_index(ascending=False).cumsum()
    return str(known[known >= enough].index[0]) if (known >= enough).any() else None


def _by_version(use_case: UseCase, rows: pd.DataFrame) -> dict[tuple[str, str], Estimate]:
    parts = rows.sort_values(INTERVAL, kind="stable").groupby(["mix", "model_version"], sort=False)
    found = {(str(mix), str(version)): _estimate(use_case, part) for (mix, version), part in parts}
    return {name: value for name, value in found.items() if value is not None}


def _champion(context: Context) -> Champion | None:
    version = current(context)
    if version is None:
        return None
    data = run_of(context, version).data
    return Champion(str(version.version), dict(data.metrics), dict(data.tags))
