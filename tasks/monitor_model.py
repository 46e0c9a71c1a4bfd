"""Compare an interval's scores with the model's reference profile, raise and end alerts, log it all to MLflow."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tasks.shared.cli import chosen_interval, interval_parser, run_step
from tasks.shared.interval import Interval, partition
from tasks.shared.settings import Settings
from tasks.shared.use_case import UseCase
from tasks.storage.lake import Lake

if TYPE_CHECKING:
    from tasks.monitoring.alerts import Alert
    from tasks.monitoring.conditions import Condition
    from tasks.monitoring.record import Record
    from tasks.monitoring.tables import Summary


@dataclass(frozen=True)
class MonitorResult:
    """What the monitor found: the interval's figures, and the alerts it raised, keeps or ended."""

    summary: "Summary"
    alerts: "tuple[Alert, ...]"
    run_id: str
    raised: str  # types of the alerts that this interval raised


def run(settings: Settings, use_case: UseCase, interval: Interval) -> MonitorResult:
    """Measure and judge one scored interval from what was known at its end.

    Run again, it leaves the same row in `monitoring` and the same run in MLflow.

    Raises:
        DataError: the interval was not scored.
        ModelError: the version that scored it has no reference profile.
        ServiceError: the lake or MLflow does not answer.
    """
    from tasks.hub.interval_runs import look
    from tasks.hub.registry import reference_profile
    from tasks.hub.tracking import connect
    from tasks.monitoring import alerts, measure, tables
    from tasks.monitoring.profile import read_profile
    from tasks.monitoring.record import record

    lake, client = Lake(settings, use_case.name), connect(settings)
    with ThreadPoolExecutor() as beside:  # while the one store answers, the other can work
        name = partition(interval.start, use_case.unit)
        seen = beside.submit(look, settings, client, use_case.monitoring_experiment, name)
        lake.hold(*tables.TABLES)
        rows = measure.scored_rows(lake, use_case, interval)
        version, _ = measure.version_of(rows)
        reference = beside.submit(reference_profile, settings, use_case, version)
        known = measure.known_at_end(lake, use_case, interval, version)
        profile = read_profile(reference.result())
        summary = measure.summarise(use_case, interval, rows, known, profile)
        conditions = measure.judge(lake, use_case, interval, summary, profile)
        found = alerts.advance(tables.latest_alerts(lake, summary.interval), conditions, summary.interval)
        content = _record(use_case, summary, conditions, found)
        logged = beside.submit(record, settings, use_case, interval, content, seen.result())
        tables.write(lake, use_case, interval, summary, found)
        run_id = logged.result()
    raised = ", ".join(alert.type for alert in found if alert.state == "raised")
    return MonitorResult(summary, tuple(found), run_id, raised)


def _record(use_case: UseCase, summary: "Summary", conditions: "list[Condition]", alerts: "list[Alert]") -> "Record":
    from tasks.monitoring.record import Record
    from tasks.reporting.drift_chart import drift_chart

    title = f"{use_case.title}: distance from the reference profile, {summary.interval}"
    judged = {"alerts": [asdict(alert) for alert in alerts], "conditions": [asdict(c) for c in conditions]}
    return Record(
        metrics=_metrics(use_case, summary, conditions, alerts),
        tags={
            "sluss.use_case": use_case.name,
            "sluss.model": use_case.model,
            "sluss.model_version": summary.model_version,
            "sluss.model_run": summary.run_id,
            "sluss.alerts": ", ".join(alert.type for alert in alerts if alert.active) or "none",
        },
        files={
            "alerts.json": json.dumps(judged, indent=2, sort_keys=True),
            "drift.svg": drift_chart(title, summary.drift, use_case.monitoring.drift_distance),
        },
    )


def _metrics(
    use_case: UseCase, summary: "Summary", conditions: "list[Condition]", alerts: "list[Alert]"
) -> dict[str, float]:
    from tasks.kinds import kind_of

    found: dict[str, float] = {
        "rows": summary.rows,
        **kind_of(use_case).monitored(summary),
        "alert_count": sum(alert.active for alert in alerts),
        "alerts_raised": sum(alert.state == "raised" for alert in alerts),
        "drift_max": max((drift.distance for drift in summary.drift), default=0.0),
    }
    found |= {f"drift.{drift.feature}": drift.distance for drift in summary.drift}
    for condition in conditions:
        if condition.type == "confidence_trend":
            found["confidence_fall"] = condition.figures["fall"]
    if quality := summary.quality:
        found |= {
            quality.metric: quality.value,
            f"{quality.metric}_low": quality.low,
            f"{quality.metric}_high": quality.high,
            "labelled_rows": quality.rows,
        }
    return found


def main() -> None:
    """Parse, monitor and print."""
    from tasks.kinds import kind_of

    arguments = interval_parser(__doc__ or "").parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        interval = chosen_interval(arguments, use_case)
        result = run(settings, use_case, interval)
        sure = result.summary.mean_confidence
        scores = kind_of(use_case).in_words(result.summary) if sure is None else f"mean confidence {sure:.3f}"
        print(f"{result.summary.rows} rows of {interval}: {scores}.")
        for alert in result.alerts:
            print(f"{alert.state} {alert.type} ({alert.severity}, since {alert.since}): {alert.message}")
        if not result.alerts:
            print("No alerts.")

    run_step(arguments, step)


if __name__ == "__main__":
    main()
