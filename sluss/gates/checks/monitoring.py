"""The gate `monitoring`: the monitor can watch the version."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from sluss.counted import counted
from sluss.errors import ModelError
from sluss.gates.result import GateResult
from sluss.monitoring.drift import measure_drift
from sluss.monitoring.profile import build_profile, feature_parts, independent, read_profile
from sluss.monitoring.watchable import WatchableRows, cannot_fall
from sluss.registry.artifacts import PROFILE_FILE
from sluss.statistics.figures import feature_in_words
from sluss.storage.table_log import rows_by_partition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sluss.gates.evidence import Evidence
    from sluss.monitoring.profile import Profile

_TOLERANCE = 1e-5  # relative difference of two figures of a profile; it keeps six digits
_SHOWN = 4
_FARTHEST = 0.8  # distance from the profile, at most 1


def monitoring(evidence: Evidence) -> GateResult:
    """Pass if its profile is the one that its rows make, fits the use case, and lets the limits of the monitor fire."""
    path = evidence.file(PROFILE_FILE, "reference profile, without which it cannot be monitored")
    content = _read(path, evidence.use_case.name)
    profile = read_profile(content)
    if fault := _misfit(evidence, profile) or _not_of_its_rows(evidence, content) or _silent(evidence, profile):
        return GateResult("monitoring", fault, passed=False)
    rows = evidence.rows.holdout
    alone = independent(evidence.use_case, rows)
    drifts = measure_drift(evidence.use_case, profile, rows[alone], evidence.scores[alone]).drifts
    limit = evidence.use_case.monitoring.drift_distance
    if not drifts:
        return GateResult("monitoring", "Its reference profile is empty, so no drift would be seen.", passed=False)
    sentence = (
        f"The monitor knows {counted(len(drifts), 'distribution')}, which its rows make again; on the holdout the "
        f"farthest from its profile is {feature_in_words(drifts[0].feature)} at {drifts[0].distance:.3f} (an alert is "
        f"raised at {limit:.3f})."
    )
    return GateResult("monitoring", sentence, passed=True, figures={"distance": drifts[0].distance, "limit": limit})


def _read(path: Path, use_case: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:  # also bytes that are not UTF-8
        raise ModelError(
            f"Its reference profile ({path.name}) is not JSON, so it was cut off or overwritten. Train it again: "
            f"make train USE_CASE={use_case}."
        ) from None
    return content


def _misfit(evidence: Evidence, profile: Profile) -> str:
    """Why the profile does not fit the present config, or nothing."""
    use_case, rows = evidence.use_case, evidence.rows.holdout
    wanted = set(feature_parts(use_case, rows.head(1), profile.vocabularies))
    if wanted != set(profile.features):
        differing = ", ".join(sorted(wanted ^ set(profile.features)))
        return f"Its reference profile is not of the features that the monitor watches: {differing} differ."
    if profile.holdout.metric != use_case.training.metric:
        return f"The metric of its profile is {profile.holdout.metric}; the monitor watches {use_case.training.metric}."
    return ""


def _not_of_its_rows(evidence: Evidence, content: dict[str, Any]) -> str:
    """Why the profile is not the one that its rows and scores make, or nothing."""
    rows, labels = evidence.rows, evidence.rows.holdout["label"].to_numpy()
    # Through JSON, as the recorded one: tuples become lists there, and keys texts.
    again = json.loads(
        json.dumps(build_profile(evidence.known.use_case, rows.train, rows.holdout, evidence.scores, labels))
    )
    if not (parts := list(differing_parts(content, again))):
        return ""
    more = f" and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
    return (
        f"Its reference profile is not the one that its rows and scores make: {', '.join(parts[:_SHOWN])}{more} "
        f"differ, so the monitor would compare with another model's. Train it again: make train "
        f"USE_CASE={evidence.use_case.name}."
    )


def differing_parts(recorded: Any, again: Any, name: str = "") -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield the names of the parts that differ between two profiles, such as `features.price`."""
    if isinstance(recorded, dict) and isinstance(again, dict) and name.count(".") < 2:
        for key in sorted(recorded.keys() | again.keys()):
            path = f"{name}.{key}" if name else key
            if key not in recorded or key not in again:
                yield path
            else:
                yield from differing_parts(recorded[key], again[key], path)
    elif not _alike(recorded, again):
        yield name


def _alike(one: Any, other: Any) -> bool:  # noqa: ANN401 - JSON
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) or isinstance(other, float):
        numbers = isinstance(one, int | float) and isinstance(other, int | float)
        return numbers and math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=1e-9)
    return bool(one == other)


def _silent(evidence: Evidence, profile: Profile) -> str:
    """Why an alert could never be raised, whatever happens, or nothing."""
    use_case, rules = evidence.use_case, evidence.use_case.monitoring
    if not [name for name in use_case.features if name not in rules.ignore]:
        return "monitoring.ignore names every feature, so no drift of the data would be seen. Remove one of them."
    if rules.drift_distance > _FARTHEST:
        return (
            f"monitoring.drift_distance is {rules.drift_distance:g}: the alert would need a change of nearly all rows. "
            f"Lower it to {_FARTHEST:g} or less."
        )
    metric, promised = evidence.problem.judging.metric, profile.holdout.value
    if cannot_fall(metric.name, promised, rules.quality_drop):
        return (
            f"Its holdout promises {metric.name} {promised:.3f}, and monitoring.quality_drop allows a fall by "
            f"{rules.quality_drop:g}, to 0 or less: no alert could be raised. Lower it."
        )
    return _too_few_rows(evidence) or evidence.problem.reporting.mute(profile.own)


def _too_few_rows(evidence: Evidence) -> str:
    """Why no interval, or no window of labels, would ever have the rows that a test asks for, or nothing."""
    use_case, rules = evidence.use_case, evidence.use_case.monitoring
    if not use_case.source.has_times:
        return ""
    largest = max(rows_by_partition(evidence.context.lake, "curated").values(), default=0)
    rows = WatchableRows(largest, len(evidence.rows.train) + len(evidence.rows.holdout))
    return rows.untested(rules.min_rows, str(use_case.unit)) or rows.unwatched(rules.quality_rows)
