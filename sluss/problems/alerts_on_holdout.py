"""Alerts of a model with two classes on its holdout: their threshold, and the figures of the days it spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.problems.alert_capacity import Scored, threshold
from sluss.problems.entity_precision import PRECISION, SHARE, Ranking, entity_precision, known_entities

if TYPE_CHECKING:
    import pandas as pd

    from sluss.arrays import Floats
    from sluss.problems.class_sections import ClassUseCase, DecisionRule


def with_threshold(use_case: ClassUseCase, holdout: pd.DataFrame, scores: Floats) -> ClassUseCase:
    """Return the use case with the threshold that the capacity of `decision.alerts_per_day` leaves on the holdout.

    Raises:
        ModelError: no threshold follows from it.
    """
    rule = use_case.decision
    if rule is None or rule.alerts_per_day is None:
        return use_case
    days = days_of(use_case, holdout["event_time"])
    rows = Scored(scores, holdout["label"].to_numpy(), _subjects(rule, holdout, days), days.nunique())
    return use_case.with_found({"threshold": threshold(rows, rule.alerts_per_day, rule.costs)})


def figures(use_case: ClassUseCase, train: pd.DataFrame, holdout: pd.DataFrame, scores: Floats) -> dict[str, float]:
    """Return the metrics of the alerts on the holdout, by name; none without `decision.alerts_per_day`."""
    rule = use_case.decision
    if rule is None or rule.threshold is None:
        return {}
    days = days_of(use_case, holdout["event_time"])
    count = days.nunique()
    rows = holdout[["label"]].assign(raised=scores >= rule.threshold, subject=_subjects(rule, holdout, days))
    alerts = rows[rows.raised].groupby("subject")["label"].max()
    found = {
        "holdout_threshold": rule.threshold,
        "holdout_alerts_per_day": len(alerts) / count,
        "holdout_alert_precision": float(alerts.mean()),
        "holdout_alert_recall": float(rows.raised[rows.label == 1].mean()),
    }
    return found | _costs(rule, rows, count) | _precision(use_case, (train, holdout), scores)


def ranking_of(use_case: ClassUseCase) -> Ranking | None:
    """Return the entities that `decision` ranks on each day, if it names them."""
    rule = use_case.decision
    if rule is None or rule.entity is None or rule.alerts_per_day is None:
        return None
    return Ranking(rule.entity, max(int(rule.alerts_per_day), 1), rule.known_days)


def days_of(use_case: ClassUseCase, times: pd.Series[Any]) -> pd.Series[Any]:
    """Return the beginning of the day of each time, by the calendar of the use case."""
    days: pd.Series[Any] = times.dt.tz_convert(use_case.schedule_zone).dt.normalize()
    return days


def _subjects(rule: DecisionRule, rows: pd.DataFrame, days: pd.Series[Any]) -> Any:  # noqa: ANN401 - array of numbers
    """Number what an alert on each row would be about: its entity on its day, or the row itself."""
    import numpy as np

    if rule.entity is None:
        return np.arange(len(rows))
    return rows[[rule.entity]].assign(day=days).groupby([rule.entity, "day"], dropna=False).ngroup().to_numpy()


def _costs(rule: DecisionRule, rows: pd.DataFrame, days: int) -> dict[str, float]:
    """Return what a day costs with these alerts, and without any."""
    import numpy as np

    if rule.costs is None:
        return {}
    table, labels = np.array(rule.costs), rows["label"].to_numpy().astype(int)
    return {
        "holdout_cost_per_day": float(table[labels, rows["raised"].astype(int)].sum()) / days,
        "baseline_cost_per_day": float(table[labels, 0].sum()) / days,
    }


def _precision(use_case: ClassUseCase, frames: tuple[pd.DataFrame, pd.DataFrame], scores: Floats) -> dict[str, float]:
    import pandas as pd

    ranking = ranking_of(use_case)
    if ranking is None:
        return {}
    train, holdout = frames
    columns = [ranking.entity, "label", "label_time"]
    both = pd.concat([train[columns], holdout[columns]])
    reports = both[both["label"] == 1].rename(columns={ranking.entity: "entity"})
    rows = holdout[["label"]].assign(
        entity=holdout[ranking.entity], day=days_of(use_case, holdout["event_time"]), score=scores
    )
    known = known_entities(reports, set(rows["day"]), ranking.known_days)
    found = entity_precision(rows, ranking.first, known)
    return {f"holdout_{PRECISION}": found.precision, f"holdout_{SHARE}": found.share}
