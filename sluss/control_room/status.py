"""The status of a use case: the answers that a person asks for first, and the next command."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from sluss.alerting.show import Line, status_in_words
from sluss.control_room.freshness import Freshness, freshness
from sluss.counted import counted
from sluss.interval import first_day
from sluss.monitoring.registry import TYPE
from sluss.monitoring.tables import CURATED, LABELS, MONITORING, PREDICTIONS
from sluss.problems.metrics import METRICS
from sluss.registry import ledger
from sluss.storage.written_again import lost_for_good

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sluss.config.use_case import UseCase
    from sluss.control_room.days import Day
    from sluss.control_room.standing import Standing
    from sluss.lineage.version_record import Provenance
    from sluss.registry.entry import Entry

Level = Literal["well", "attention", "critical", "unknown", "idle"]  # idle: nothing has begun
ORDER: tuple[Level, ...] = ("critical", "unknown", "attention", "well", "idle")  # the worst first


@dataclass(frozen=True)
class Refused:
    """The newest version, which gates refused, and the command that shows their reasons."""

    version: str
    gates: tuple[str, ...]
    command: str

    def __str__(self) -> str:
        named = f"the gate {self.gates[0]}" if len(self.gates) == 1 else f"the gates {', '.join(self.gates)}"
        return f"version {self.version} is refused by {named}"


@dataclass(frozen=True)
class Status:
    """The status of one use case. `waiting` are the sentences of all that needs a person; none if all is well."""

    name: str
    title: str
    level: Level
    waiting: tuple[str, ...] = ()
    next: str = ""  # a command; empty if there is nothing to do
    entry: Entry | None = None  # of the ledger: the newest change of production
    freshness: Freshness | None = None
    measured: Day | None = None  # the newest interval with a metric
    alerts: tuple[Line, ...] = ()
    refused: Refused | None = None  # the newest version, if gates refused it
    error: str = ""  # why nothing newer is known

    @property
    def champion(self) -> str | None:
        """The version in production."""
        return self.entry.version if self.entry else None


@dataclass(frozen=True)
class _Need:
    sentence: str
    next: str
    level: Level = "attention"


def status_of(use_case: UseCase, standing: Standing, now: datetime, *, scheduled: bool, agree: bool = False) -> Status:
    """Return the status of a use case.

    Args:
        use_case: its config.
        standing: its state.
        now: the present moment.
        scheduled: whether something runs its schedule. Embedded, nothing does.
        agree: whether MLflow was found to agree with the ledger now.
    """
    fresh = freshness(use_case, standing.scored, now, scheduled=scheduled)
    needs = [
        *_ledger(use_case, standing),
        *_gone(use_case, standing),
        *_without_rows(use_case, standing),
        *_deleted(use_case, standing),
        *_late(use_case, standing, fresh),
        *_alerts(use_case, standing, now, agree=agree),
    ]
    needs.sort(key=lambda need: ORDER.index(need.level))
    if _is_idle(standing) and not (_late(use_case, standing, fresh) and _is_awaited(use_case, now)):
        sentence = "No version was deployed and nothing was scored yet."
        needs = [_Need(sentence, f"make train deploy USE_CASE={use_case.name}", "idle")]
    return Status(
        name=use_case.name,
        title=use_case.title,
        level=needs[0].level if needs else "well",
        waiting=tuple(need.sentence for need in needs),
        next=needs[0].next if needs else "",
        entry=standing.entries[-1] if standing.entries else None,
        freshness=fresh,
        measured=standing.measured,
        alerts=standing.alerts,
    )


def of_broken(name: str, sentence: str) -> Status:
    """Return the status of a use case whose config cannot be read."""
    return Status(name, name, "critical", (sentence,), f"edit config/{name}.yaml, then make status", error=sentence)


def of_silent(name: str, title: str, sentence: str, command: str = "make ps") -> Status:
    """Return the status of a use case whose stores do not answer, or are damaged, and the command that helps."""
    return Status(name, title, "unknown", (sentence,), command, error=sentence)


def with_approval(status: Status, candidate: Provenance | None) -> Status:
    """Return the status with a version that waits for a person's approval, if there is one."""
    if candidate is None:
        return status
    sentence = f"Version {candidate.version} has passed every gate and waits for approval."
    command = status.next or f"make deploy VERSION={candidate.version} USE_CASE={status.name}"
    level: Level = "attention" if status.level == "well" else status.level
    return replace(status, level=level, waiting=(*status.waiting, sentence), next=command)


def _is_idle(standing: Standing) -> bool:
    found = (*standing.entries, *standing.faults, *standing.alerts, *standing.gone, standing.scored, standing.day)
    return not any(each is not None for each in found)


def _is_awaited(use_case: UseCase, now: datetime) -> bool:
    """Whether Airflow starts runs by itself: of past intervals too, or of those to come."""
    return use_case.catch_up or use_case.end_live is None or now < use_case.end_live


def _ledger(use_case: UseCase, standing: Standing) -> list[_Need]:
    suffix = f"USE_CASE={use_case.name}"
    if standing.faults:
        return [_Need(standing.faults[0], f"make history {suffix}", "critical")]
    if ledger.TABLE in standing.gone:  # whether a version is in production is not known
        return []
    if ledger.in_production(standing.entries) is None:
        what = "its last version was taken out" if standing.entries else "none was deployed yet"
        return [_Need(f"No version is in production: {what}.", f"make train deploy {suffix}")]
    return []


def _gone(use_case: UseCase, standing: Standing) -> list[_Need]:
    """Return a table that is missing although another shows that it was there."""
    suffix = f"USE_CASE={use_case.name}"
    if standing.day is not None and standing.scored is None:
        sentence = f"The table predictions is gone, although {standing.day.interval} was monitored."
        return [_Need(sentence, f"make score INTERVAL={standing.day.interval} {suffix}", "critical")]
    if standing.day is None and standing.scored is not None:
        sentence = f"{standing.scored} was scored, and no interval was monitored."
        return [_Need(sentence, f"make score INTERVAL={standing.scored} {suffix}")]
    return []


def _without_rows(use_case: UseCase, standing: Standing) -> list[_Need]:
    """Return curated rows and labels that are missing although they were scored or measured."""
    command = f"make data USE_CASE={use_case.name}"
    if lost := standing.without_rows:
        scored = counted(len(lost), "scored interval")
        sentence = f"{scored} from {lost[0]} on {_has(lost)} no rows in the table curated."
        return [_Need(sentence, command if standing.without_history else f"{command} INTERVAL={lost[0]}")]
    measured = standing.measured
    if standing.without_labels and measured is not None and measured.quality is not None:
        return [_Need(f"The table labels is gone, although {measured.interval} was measured.", command)]
    return []


def _deleted(use_case: UseCase, standing: Standing) -> list[_Need]:
    """Return the other tables that were deleted, also those that were begun anew since, until a person accepts that."""
    name, named = use_case.name, bool(_gone(use_case, standing) or _without_rows(use_case, standing))
    accept = f"make repair USE_CASE={name} ACCEPT=1"
    again = {
        ledger.TABLE: _Need("The table ledger is gone.", f"make history USE_CASE={name}", "critical"),
        **{table: _Need(f"The table {table} is gone.", f"make data USE_CASE={name}") for table in (CURATED, LABELS)},
        **{
            table: _Need(
                f"The table {table} is gone.",
                f"make score INTERVAL={use_case.unit.partition(use_case.first_live)} USE_CASE={name}",
            )
            for table in (PREDICTIONS, MONITORING)
        },
    }
    for_good = [table for table in standing.gone if table not in again]
    anew = [table for table in standing.begun_anew if table not in again and table not in for_good]
    return [
        *(again[table] for table in standing.gone if table == ledger.TABLE or (table in again and not named)),
        *(_Need(lost_for_good(name, table), accept) for table in for_good),
        *(_Need(lost_for_good(name, table, begun_anew=True), accept) for table in anew),
    ]


def _has(intervals: Sequence[str]) -> str:
    return "has" if len(intervals) == 1 else "have"


def _late(use_case: UseCase, standing: Standing, fresh: Freshness) -> list[_Need]:
    if fresh.fresh is not False or fresh.due is None:
        return []
    first = use_case.unit.partition(use_case.first_live) if fresh.last is None else fresh.last
    days = [first_day(name, use_case.unit).isoformat() for name in (first, fresh.due)]
    command = f"make backfill USE_CASE={use_case.name} FROM={days[0]} TO={days[1]}"
    if ledger.in_production(standing.entries) is None:  # nothing could be scored
        command = f"make train deploy USE_CASE={use_case.name}"
    behind = counted(fresh.behind, str(use_case.unit))
    return [
        _Need(f"Scoring is {behind} behind its schedule.", command, "critical" if fresh.behind > 1 else "attention")
    ]


def _alerts(use_case: UseCase, standing: Standing, now: datetime, *, agree: bool) -> list[_Need]:
    unowned = [line for line in standing.alerts if line.life.status(now) in {"open", "reopened"}]
    found = [_mended(use_case, line) if agree and line.life.type == TYPE else _unowned(use_case, line)
             for line in unowned]  # fmt: skip
    unsent = [_Need(sentence, f"make notify USE_CASE={use_case.name}") for sentence in standing.undelivered]
    return [*found, *unsent]


def _unowned(use_case: UseCase, line: Line) -> _Need:
    return _Need(
        f"The alert {line.life.type} ({line.life.severity}, {line.age} old) has no owner.",
        f"make ack ALERT={line.life.id} USE_CASE={use_case.name}",
        "critical" if line.life.severity == "critical" else "attention",
    )


def _mended(use_case: UseCase, line: Line) -> _Need:
    """The alert compares the stores as they are when an interval is monitored."""
    return _Need(
        f"The stores agree again. The alert {TYPE} ends with the next interval, or when its newest one is monitored "
        "once more.",
        f"make score INTERVAL={line.life.interval} USE_CASE={use_case.name}",
    )


def as_dict(status: Status, now: datetime) -> dict[str, Any]:
    """Return the status as plain values for JSON."""
    entry, fresh = status.entry, status.freshness
    return {
        "name": status.name,
        "title": status.title,
        "level": status.level,
        "champion": status.champion,
        "since": entry.at.isoformat() if entry else None,
        "why": f"{entry.action}: {entry.reason}" if entry else None,
        "by": entry.by if entry else None,
        "fresh": fresh.fresh if fresh else None,
        "last_interval": fresh.last if fresh else None,
        "due_interval": fresh.due if fresh else None,
        "behind": fresh.behind if fresh else None,
        "metric": metric_of(status.measured),
        "alerts": [_alert(line, now) for line in status.alerts],
        "refused": asdict(status.refused) if status.refused else None,
        "waiting": list(status.waiting),
        "next": status.next or None,
    }


def metric_of(day: Day | None) -> dict[str, Any] | None:
    """Return an interval's metric with the promise of its version, as plain values."""
    if day is None or day.quality is None:
        return None
    quality = day.quality
    return {
        "name": quality.metric,
        "value": quality.value,
        "low": quality.low,
        "high": quality.high,
        "rows": quality.rows,
        "interval": day.interval,
        "version": day.version,
        "promise": day.promise.value if day.promise else None,
    }


def metric_in_words(day: Day | None) -> str:
    """Return an interval's metric and its promise: `accuracy 0.78 (promised 0.80) on 2026-01-23`."""
    if day is None or day.quality is None:
        return "not measured yet"
    promised = f" (promised {day.promise.value:.3g})" if day.promise else ""
    return f"{METRICS[day.quality.metric].title} {day.quality.value:.3g}{promised} on {day.interval}"


def _alert(line: Line, now: datetime) -> dict[str, Any]:
    life = line.life
    kept = ("id", "type", "severity", "since", "owner", "message")
    return {name: getattr(life, name) for name in kept} | {"age": line.age, "state": status_in_words(life, now)}
