"""Data drift: the features and scores of one interval compared with the reference profile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sluss.monitoring.profile import Profile, feature_parts
from sluss.monitoring.verdicts import Seen, judge
from sluss.monitoring.watch import Watch
from sluss.problems import problem_of
from sluss.statistics.distances import category_drift, holm, numeric_drift
from sluss.statistics.figures import Drift

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from sluss.arrays import Floats
    from sluss.config.use_case import UseCase
    from sluss.statistics.distributions import Distribution
_MAX_ROWS = 20_000  # enough to detect a distance of 0.02; more rows only cost time


@dataclass(frozen=True)
class Before:
    """The state before an interval: the watch of the version, whether `data_drift` is on, the phase of the season."""

    watch: Watch = field(default_factory=Watch)
    active: bool = False
    phase: int = 0


@dataclass(frozen=True)
class Measured:
    """The drift of one interval and the state after it."""

    drifts: tuple[Drift, ...]  # the largest distance first
    watch: Watch
    changed_again: bool = False  # whether the data changed once more since the alert that is on
    worth: float = 1.0  # of a row of scores, compared with an independent one


def measure_drift(
    use_case: UseCase, profile: Profile, rows: pd.DataFrame, scores: Floats, before: Before | None = None
) -> Measured:
    """Measure the drift of each feature that profile and rows have in common.

    Each column is judged by how far past intervals lie from each other; while there are too few of them, by a test that
    takes rows for independent.
    """
    before, count = before or Before(), len(rows)
    parts = _parts(use_case, profile, _thinned(rows), scores)
    reference = profile.features | profile.scores
    parts = {name: part for name, part in parts.items() if _comparable(reference[name], part)}
    raw = {name: _compare(reference[name], part) for name, part in parts.items()}
    enough = count >= use_case.monitoring.min_rows
    seen = Seen(reference, parts, {name: distance for name, (distance, _) in raw.items()})
    judged = judge(use_case, profile.past, seen, before.watch, (before.active, before.phase)) if enough else None
    p_values = {name: p_value for name, (_, p_value) in raw.items()} | (dict(judged.p_values) if judged else {})
    # Adjusted over all columns of the interval: among fifty p-values, some lie below alpha by chance.
    adjusted = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    found = [_drift(name, raw[name][0], adjusted[name], (reference, parts)) for name in raw]
    return Measured(
        tuple(sorted(found, key=lambda drift: (-drift.distance, drift.feature))),
        judged.watch if judged else before.watch,
        changed_again=judged is not None and judged.changed_again,
        worth=judged.worth if judged else 1.0,
    )


def _parts(use_case: UseCase, profile: Profile, rows: pd.DataFrame, scores: Floats) -> dict[str, Distribution]:
    features = feature_parts(use_case, rows, profile.vocabularies) if len(rows) else {}
    # A feature that the config gained after the training has no reference yet; the gate `monitoring` asks for a new
    # model.
    found = {n: part for n, part in features.items() if n in profile.features and not _ignored(use_case, n)}
    of_scores = problem_of(use_case).reporting.distributions(scores) if len(rows) else {}
    return found | {name: part for name, part in of_scores.items() if name in profile.scores}


def _ignored(use_case: UseCase, part: str) -> bool:
    """Return whether a part of the profile, such as `month` or `month.missing`, belongs to an ignored feature."""
    return any(part == name or part.startswith(f"{name}.") for name in use_case.monitoring.ignore)


def _thinned(rows: pd.DataFrame) -> pd.DataFrame:
    """Select rows evenly by id: a deterministic sample."""
    if len(rows) <= _MAX_ROWS:
        return rows
    return rows.sort_values("id").iloc[:: -(-len(rows) // _MAX_ROWS)]


def _compare(reference: Distribution, part: Distribution) -> tuple[float, float]:
    import numpy as np

    if "counts" in reference:
        return category_drift(reference["counts"], part["counts"])
    return numeric_drift(np.array(reference["values"]), np.array(part["values"]), (reference["rows"], part["rows"]))


def _comparable(reference: Distribution, part: Distribution) -> bool:
    """Return whether both sides have values that can differ; a column that is never missing on either side cannot."""
    if "counts" not in reference:
        return bool(reference["values"]) and bool(part.get("values"))
    counts = (reference["counts"], part.get("counts", {}))
    never_missing = all(set(side) == {"missing", "present"} and not side["missing"] for side in counts)
    return all(sum(side.values()) > 0 for side in counts) and not never_missing


def _drift(
    name: str, distance: float, p_value: float, sides: tuple[Mapping[str, Distribution], Mapping[str, Distribution]]
) -> Drift:
    before, now = (side[name].get("mean") for side in sides)
    return Drift(name, distance, p_value, before, now)
