"""Types of alerts, and the condition of data drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.problems.condition import Condition, Verdict, severity_of, verdict_on
from sluss.statistics.figures import feature_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.config.operation import Monitoring
    from sluss.problems.problem import Problem
    from sluss.statistics.figures import Drift


OF_LOCKS = (
    "registry_mismatch",
    "silent_lock",
)  # types of alerts that are about the stores and locks, not about a model
OF_ALL = ("data_drift", "quality_drop", "worse_champion", *OF_LOCKS)


def alert_types(problem: Problem) -> tuple[str, ...]:
    """Return the possible types of alerts: the problem's own and the common ones."""
    return (*problem.reporting.alerts, *OF_ALL)


def data_drift(
    drifts: Sequence[Drift], rows: int, rules: Monitoring, alpha: float, *, changed_again: bool = False
) -> Condition:
    """Test whether a feature, or the scores, moved away from the reference profile.

    With `changed_again`, they also moved since the alert that is on.
    """
    limit = rules.drift_distance
    verdicts = {d.feature: verdict_on(rules, rows, d.p_value, (d.distance, limit), alpha) for d in drifts}
    moved = [d for d in drifts if verdicts[d.feature] == "breached"]
    verdict: Verdict = "breached" if moved else "undecided" if "undecided" in verdicts.values() else "clear"
    largest = max((d.distance for d in moved or drifts), default=0.0)
    if moved:
        count = (
            f"{len(moved)} of {counted(len(drifts), 'compared figure')} differ"
            if len(drifts) > 1
            else "The data differ"
        )
        again = "The data changed again. " if changed_again else ""
        message = f"{again}{count} from the reference profile: {'; '.join(map(_moved, moved))} (limit {limit:.2f})."
    else:
        message = f"No figure clearly exceeds the limit: the largest distance is {largest:.2f} (limit {limit:.2f})."
    figures = {
        "rows": rows,
        "features": {d.feature: {"distance": d.distance, "p_value": d.p_value} for d in moved or drifts},
    }
    return Condition("data_drift", verdict, severity_of(largest, limit), figures, message, anew=changed_again)


def _moved(drift: Drift) -> str:
    form = ".0%" if drift.feature.endswith(".unknown_words") else ".3g"
    means = "" if drift.before is None else f", mean {drift.before:{form}} → {drift.now:{form}}"
    return f"{feature_in_words(drift.feature)} (distance {drift.distance:.2f}{means})"
