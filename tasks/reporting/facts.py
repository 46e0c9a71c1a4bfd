"""Everything the report shows, gathered from the tables and the hub."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.hub import registry
from tasks.hub.tracking import connect, reachable
from tasks.monitoring.alerts import Alert
from tasks.monitoring.labelled import labelled_rows
from tasks.monitoring.profile import Profile, read_profile
from tasks.monitoring.quality import Estimate, Metric, estimate
from tasks.monitoring.tables import Summary, read_alerts, read_known, read_summaries
from tasks.shared.errors import DataError
from tasks.shared.interval import parse_interval
from tasks.shared.settings import Settings
from tasks.shared.use_case import UseCase
from tasks.storage.lake import INTERVAL, Lake

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Day:
    """One interval: what the monitor saw then, and what the labels known by now say about it."""

    seen: Summary
    quality: Estimate | None
    mix: dict[str, int]  # rows by the use case's first category, such as the source


@dataclass(frozen=True, slots=True)
class Spell:
    """One alert from its start to its end."""

    type: str
    severity: str
    since: str
    last: str  # the last interval it was active in
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
    spells: list[Spell]
    alerts: list[Alert]
    profile: Profile  # of the version that scored the last interval
    champion: Champion | None
    mix_column: str | None
    by_mix: dict[str, Estimate]
    before: Estimate | None  # until the first alert
    since: Estimate | None  # from the first interval of the present state on


def gather(settings: Settings, use_case: UseCase) -> Facts:
    """Read the tables and the hub.

    Raises:
        DataError: nothing was monitored yet.
        ServiceError: the lake or MLflow does not answer.
    """
    lake = Lake(settings, use_case.name)
    seen = read_summaries(lake)
    if not seen:
        raise DataError(
            f"No interval of {use_case.name} was monitored yet, so there is nothing to report. "
            f"Score and monitor one first: make score USE_CASE={use_case.name}, or see it all with make demo."
        )
    alerts = read_alerts(lake)
    mix_column = next((n for n, c in use_case.curation.columns.items() if c.kind == "category"), None)
    rows, mixes = _labelled(lake, use_case, seen, mix_column)
    metric = use_case.training.metric
    quality = {str(name): _estimate(metric, part) for name, part in rows.groupby(INTERVAL)}
    by_mix = {str(name): _estimate(metric, part) for name, part in rows.groupby("mix")} if mix_column else {}
    turning, present = _periods(alerts, seen)
    return Facts(
        days=[Day(s, quality.get(s.interval), dict(mixes.get(s.interval, {}))) for s in seen],
        spells=spells(alerts),
        alerts=alerts,
        profile=read_profile(registry.reference_profile(settings, use_case, seen[-1].model_version)),
        champion=_champion(settings, use_case),
        mix_column=mix_column,
        by_mix={name: value for name, value in by_mix.items() if value is not None},
        before=_estimate(metric, rows[rows[INTERVAL] < turning]),
        since=_estimate(metric, rows[rows[INTERVAL] >= present]) if present else None,
    )


def spells(alerts: Sequence[Alert]) -> list[Spell]:
    """Alerts as stretches of time, from their rows in the order of intervals."""
    found: dict[tuple[str, str], Spell] = {}
    for alert in sorted(alerts, key=lambda alert: alert.interval):
        key = (alert.type, alert.since)
        known = found.get(key)
        severity = "critical" if "critical" in (alert.severity, known and known.severity) else alert.severity
        last = alert.interval if alert.active or known is None else known.last
        found[key] = Spell(
            alert.type, severity, alert.since, last, not alert.active, known.message if known else alert.message
        )
    return sorted(found.values(), key=lambda spell: (spell.since, spell.type))


def _labelled(
    lake: Lake, use_case: UseCase, seen: Sequence[Summary], mix_column: str | None
) -> "tuple[pd.DataFrame, dict[str, Counter[str]]]":
    """Scored rows with all labels known by the last interval's end, and the rows by category of each interval."""
    first, last = seen[0].interval, seen[-1].interval
    as_of = parse_interval(last, use_case.unit).end
    rows = labelled_rows(lake, first, last, as_of)
    if mix_column is None:
        return rows, {}
    raw = read_known(lake, [INTERVAL, "id", mix_column], (first, last), as_of)
    raw = raw.rename(columns={mix_column: "mix"})
    mixes: dict[str, Counter[str]] = {
        str(name): Counter(part.dropna().astype(str)) for name, part in raw.groupby(INTERVAL)["mix"]
    }
    return rows.merge(raw[["id", "mix"]], on="id", how="left"), mixes


def _estimate(metric: Metric, rows: "pd.DataFrame") -> Estimate | None:
    return estimate(metric, rows.score.to_numpy(dtype=float), rows.label.to_numpy()) if len(rows) else None


def _periods(alerts: Sequence[Alert], seen: Sequence[Summary]) -> tuple[str, str | None]:
    """Where the first alert was raised, and where the present state began: at that, or when the last alert ended."""
    raised = [alert.interval for alert in alerts if alert.state == "raised"]
    if not raised:
        return "~", None  # sorts after every name of an interval
    active = any(alert.active and alert.interval == seen[-1].interval for alert in alerts)
    ended = [alert.interval for alert in alerts if alert.state == "ended"]
    return min(raised), min(raised) if active or not ended else max(ended)


def _champion(settings: Settings, use_case: UseCase) -> Champion | None:
    version = registry.by_alias(settings, use_case, registry.CHAMPION)
    if version is None:
        return None
    with reachable(settings):
        data = connect(settings).get_run(version.run_id).data
    return Champion(str(version.version), dict(data.metrics), dict(data.tags))
