"""Facts of the newest interval that need files of the model or the rows themselves: drift, slices, quarantine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluss.control_room.volumes import QUARANTINE
from sluss.interval import parse_interval
from sluss.monitoring import sample
from sluss.monitoring.profile import feature_parts, read_profile
from sluss.monitoring.tables import last_before, read_monitored
from sluss.registry import artifacts
from sluss.registry.champion import scored_by
from sluss.reporting.facts import Facts, gather
from sluss.statistics.figures import Summary, feature_in_words
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from sluss.context import Context
    from sluss.monitoring.profile import Profile
    from sluss.monitoring.quality_history import QualityHistory
    from sluss.statistics.distributions import Distribution
    from sluss.statistics.figures import Drift

_FEATURES = 8  # whose distributions are shown
_INTERVALS = 60  # that the story is told of
_EXAMPLES = 20  # rows of the quarantine
_AFTER_ALL = "~"  # sorts after every name of an interval


@dataclass(frozen=True)
class Drifted:
    """The drift of a feature, with its distributions in the training data and the interval where both are known."""

    drift: Drift
    then: Distribution | None = None
    now: Distribution | None = None

    @property
    def name(self) -> str:
        """The feature in words."""
        return feature_in_words(self.drift.feature)


@dataclass(frozen=True)
class Slice:
    """Labelled rows of one slice since the promotion, and of the holdout: how close the predictions were, 0 to 1."""

    name: str
    rows: int
    now: float
    promised: float


@dataclass(frozen=True)
class Quarantined:
    """One row that was put aside."""

    interval: str
    kind: str
    id: str
    reason: str
    row: str


@dataclass(frozen=True)
class Details:
    """The newest monitored interval in full."""

    summary: Summary | None = None
    drifted: tuple[Drifted, ...] = ()
    slices: tuple[Slice, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    facts: Facts | None = None  # of the newest intervals


def read_details(context: Context, interval: str) -> Details:
    """Read the details of a monitored interval.

    Raises:
        ModelError: the artifacts of the version that scored it were changed or lost.
        ServiceError: the lake or MLflow does not answer.
    """
    found = read_monitored(context.lake, first=interval, last=interval)
    if not found:
        return Details()
    summary = found[0].summary
    history = last_before(context.lake, _AFTER_ALL).state.history
    return Details(
        summary, _drifted(context, summary), _slices(history), examples(context), gather(context, _INTERVALS)
    )


def _drifted(context: Context, summary: Summary) -> tuple[Drifted, ...]:
    """Return the drift of every feature, the worst first."""
    worst = sorted(summary.drift, key=lambda drift: drift.distance, reverse=True)
    scorer = scored_by(context, summary.model_version, summary.run_id)
    folder = artifacts.local_copy(context.settings, scorer)
    profile = read_profile(artifacts.reference_profile(folder, scorer))
    now = _now(context, summary, profile)
    shown = {drift.feature for drift in worst[:_FEATURES]}
    return tuple(
        Drifted(drift, profile.features.get(drift.feature), now.get(drift.feature))
        if drift.feature in shown
        else Drifted(drift)
        for drift in worst
    )


def _now(context: Context, summary: Summary, profile: Profile) -> dict[str, Distribution]:
    use_case = context.use_case
    interval = parse_interval(summary.interval, use_case.unit)
    rows = sample.raw(context.lake, ["id", *use_case.features], interval, use_case.unit)
    return feature_parts(use_case, rows, profile.vocabularies)


def _slices(history: QualityHistory | None) -> tuple[Slice, ...]:
    if history is None:
        return ()
    found = [
        Slice(name, round(track.since_promotion.units), track.since_promotion.mean, track.promise.mean)
        for name, track in history.tracks.items()
        if name and track.since_promotion.units
    ]
    return tuple(sorted(found, key=lambda each: each.now - each.promised))


def examples(context: Context) -> tuple[Quarantined, ...]:
    """Return rows of the newest interval of the quarantine.

    Raises:
        ServiceError: the lake does not answer.
    """
    newest = context.lake.newest(QUARANTINE)
    table = context.lake.dataset(QUARANTINE, first=newest, last=newest) if newest else None
    if table is None:
        return ()
    rows: list[dict[str, Any]] = table.head(_EXAMPLES).to_pylist()
    return tuple(
        Quarantined(str(row[INTERVAL]), str(row["kind"]), str(row["id"]), str(row["reason"]), _row(row)) for row in rows
    )


def _row(row: dict[str, Any]) -> str:
    content = row.get("row") or ""
    try:
        fields = json.loads(content)
    except ValueError:
        return str(content)
    return ", ".join(f"{name}: {value}" for name, value in fields.items())
