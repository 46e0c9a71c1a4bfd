"""Compare an interval's scores with the model's reference profile, raise and end alerts, log it all to MLflow."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from sluss.charts.drift_chart import drift_chart
from sluss.interval import Interval, partition
from sluss.monitoring import alerts, measure, quality_record, silent_locks, tables
from sluss.monitoring.conditions import OF_LOCKS
from sluss.monitoring.entities import entity_figures
from sluss.monitoring.monitor_run import Record, record_monitoring
from sluss.monitoring.one_class import with_one_class
from sluss.monitoring.profile import read_profile
from sluss.monitoring.quality_drop import TYPE as QUALITY
from sluss.monitoring.quality_drop import with_later_fall
from sluss.monitoring.registry import registry_mismatch
from sluss.monitoring.tables import TABLES
from sluss.monitoring.watch import to_json
from sluss.problems import problem_of
from sluss.registry import ledger
from sluss.registry.artifacts import as_trained, kept_rows, local_copy, reference_profile
from sluss.registry.champion import in_ledger
from sluss.registry.names import ALERTS_TAG, VERSION_TAG
from sluss.tracking.interval_runs import look

if TYPE_CHECKING:
    from sluss.config.use_case import UseCase
    from sluss.context import Context
    from sluss.monitoring.alerts import Alert
    from sluss.monitoring.profile import Profile
    from sluss.monitoring.quality_history import QualityHistory
    from sluss.monitoring.tables import Last
    from sluss.problems.condition import Condition
    from sluss.statistics.figures import Summary


@dataclass(frozen=True)
class MonitorResult:
    """The interval's statistics, and the alerts that it raised, kept or ended."""

    summary: Summary
    alerts: tuple[Alert, ...]
    run_id: str
    raised: str  # types of the alerts that this interval raised
    restored: str = ""  # the version that the guard has put back into production
    news: str = ""  # a line in plain words for each alert that was raised or became worse, where they were logged


def monitor(context: Context, interval: Interval) -> MonitorResult:
    """Measure and judge one scored interval from the data known at its end.

    Idempotent: a second run leaves the same row in `monitoring` and the same run in MLflow.

    Raises:
        DataError: the interval was not scored.
        ModelError: the version that scored it has no reference profile.
        ServiceError: the lake or MLflow does not answer.
    """

    use_case = context.use_case
    client = context.client
    with ThreadPoolExecutor() as pool:  # MLflow and the lake work in parallel
        name = partition(interval.start, use_case.unit)
        seen = pool.submit(look, context.settings, client, use_case.monitoring_experiment, name)
        entries = ledger.read(context.lake)
        registry = pool.submit(registry_mismatch, context, entries)
        drilled = pool.submit(silent_locks.read, context.lake)
        lake = context.lake.holding(*TABLES)
        rows, count = measure.scored_rows(lake, use_case, interval)
        scorer = in_ledger(context, entries, *measure.version_of(rows))
        folder = local_copy(context.settings, scorer)
        profile = read_profile(reference_profile(folder, scorer))
        use_case, version = as_trained(use_case, folder), str(scorer.version)
        before = tables.last_before(lake, name)
        since = quality_record.seen(use_case, version, before)
        known = measure.known_at_end(lake, use_case, interval, (version, count), since)
        drift = measure.drift_of(use_case, interval, (rows, known), profile, before)
        summary = replace(
            measure.summarise(use_case, interval, (rows, known), profile, drift),
            expected=measure.expected(lake, use_case, interval, (known.raw, kept_rows(folder)), profile),
        )
        by_entity = entity_figures(lake, use_case, interval, known.labelled.newest)
        summary = replace(summary, figures=summary.figures | by_entity)
        judged = quality_record.Judged(use_case, folder, entries)
        history, probation = quality_record.advance(context, judged, summary, before, known.labelled)
        conditions = measure.judge(lake, use_case, (summary, drift), history, profile)
        conditions = _with_later_fall(use_case, conditions, before, history, profile)
        conditions = with_one_class(use_case, conditions, known.labelled.rows, folder)
        conditions += [*quality_record.guarded(use_case, probation), registry.result()]
        conditions.append(
            silent_locks.silent_lock(use_case.name, drilled.result(), before.alerts.get(silent_locks.TYPE))
        )
        found = _alerts(before, conditions, summary)
        content = _record(use_case, summary, conditions, found)
        # In parallel, without an order: a step that is killed between the two writes is repeated and replaces both.
        logged = pool.submit(record_monitoring, context, interval, content, seen.result())
        state = tables.State(to_json(drift.watch), history, probation.as_dict() if probation else None)
        tables.write(lake, use_case, interval, tables.Monitored(summary, tuple(found), state))
        run_id = logged.result()
    raised = ", ".join(alert.type for alert in found if alert.state == "raised")
    return MonitorResult(summary, tuple(found), run_id, raised)


def _with_later_fall(
    use_case: UseCase, conditions: list[Condition], before: Last, history: QualityHistory | None, profile: Profile
) -> list[Condition]:
    on = before.alerts.get(QUALITY)
    if on is None or not on.active or history is None or before.model_version != history.version:
        return conditions
    return [
        with_later_fall(each, use_case, profile.holdout, history, on.since) if each.type == QUALITY else each
        for each in conditions
    ]


def _alerts(before: Last, conditions: list[Condition], summary: Summary) -> list[Alert]:
    """Return the interval's alerts; those of a version that no longer scores end."""
    version, name = summary.model_version, summary.interval
    if before.model_version in (None, version):
        return alerts.advance(before.alerts, conditions, name)
    of_both = {kind: alert for kind, alert in before.alerts.items() if kind in OF_LOCKS}
    of_old = {kind: alert for kind, alert in before.alerts.items() if kind not in OF_LOCKS}
    ended = alerts.succeeded(of_old, name, (before.model_version, version))
    return [*ended, *alerts.advance(of_both, conditions, name)]


def _record(use_case: UseCase, summary: Summary, conditions: list[Condition], alerts: list[Alert]) -> Record:

    title = f"{use_case.title}: distance from the reference profile, {summary.interval}"
    judged = {"alerts": [asdict(alert) for alert in alerts], "conditions": [asdict(c) for c in conditions]}
    return Record(
        metrics=_metrics(use_case, summary, conditions, alerts),
        tags={
            "sluss.use_case": use_case.name,
            "sluss.model": use_case.model,
            "sluss.model_version": summary.model_version,
            "sluss.model_run": summary.run_id,
            VERSION_TAG: summary.model_version,
            ALERTS_TAG: ", ".join(f"{each.type} ({each.severity})" for each in alerts if each.active) or "none",
            "sluss.alerts": ", ".join(alert.type for alert in alerts if alert.active) or "none",
        },
        files={
            "alerts.json": json.dumps(judged, indent=2, sort_keys=True),
            "drift.svg": drift_chart(title, summary.drift, use_case.monitoring.drift_distance),
        },
    )


def _metrics(use_case: UseCase, summary: Summary, conditions: list[Condition], alerts: list[Alert]) -> dict[str, float]:

    found: dict[str, float] = {
        "rows": summary.rows,
        **problem_of(use_case).reporting.metrics(summary, conditions),
        "alert_count": sum(alert.active for alert in alerts),
        "alerts_raised": sum(alert.state == "raised" for alert in alerts),
        "drift_max": max((drift.distance for drift in summary.drift), default=0.0),
    }
    found |= {f"drift.{drift.feature}": drift.distance for drift in summary.drift}
    if expected := summary.expected:
        found |= {
            f"expected_{expected.metric}": expected.value,
            "expected_outside": expected.outside,
            "expected_blind": float(bool(expected.blind)),
        }
    if quality := summary.quality:
        found |= {
            quality.metric: quality.value,
            f"{quality.metric}_low": quality.low,
            f"{quality.metric}_high": quality.high,
            "labelled_rows": quality.rows,
        }
    return found
