"""The gate `monitoring`: the monitor can watch the version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.gates.result import GateResult
from sluss.monitoring.drift import measure_drift
from sluss.monitoring.profile import feature_parts, independent, read_profile
from sluss.registry.artifacts import PROFILE_FILE
from sluss.statistics.figures import feature_in_words

if TYPE_CHECKING:
    from sluss.gates.evidence import Evidence


def monitoring(evidence: Evidence) -> GateResult:
    """Pass if its reference profile has the use case's features and metric, and drift can be measured against it."""
    use_case, rows = evidence.use_case, evidence.rows.holdout
    path = evidence.file(PROFILE_FILE, "reference profile, without which it cannot be monitored")
    profile = read_profile(json.loads(path.read_text(encoding="utf-8")))
    wanted = set(feature_parts(use_case, rows.head(1), profile.vocabularies))
    if wanted != set(profile.features):
        differing = ", ".join(sorted(wanted ^ set(profile.features)))
        sentence = f"Its reference profile is not of the features that the monitor watches: {differing} differ."
        return GateResult("monitoring", sentence, passed=False)
    if profile.holdout.metric != use_case.training.metric:
        sentence = f"Its profile promises a {profile.holdout.metric}; the monitor watches {use_case.training.metric}."
        return GateResult("monitoring", sentence, passed=False)
    alone = independent(use_case, rows)
    drifts = measure_drift(use_case, profile, rows[alone], evidence.scores[alone]).drifts
    limit = use_case.monitoring.drift_distance
    if not drifts:
        return GateResult("monitoring", "Its reference profile is empty, so no drift would be seen.", passed=False)
    sentence = (
        f"The monitor knows {counted(len(drifts), 'distribution')}; on the holdout the farthest from its profile is "
        f"{feature_in_words(drifts[0].feature)} at {drifts[0].distance:.3f} (an alert is raised at {limit:.3f})."
    )
    return GateResult("monitoring", sentence, passed=True, figures={"distance": drifts[0].distance, "limit": limit})
