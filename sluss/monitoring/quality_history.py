"""The labelled record of a version since its promotion, carried from interval to interval in the table `monitoring`.

Each interval's row has the sums over the labels known at its end, by the interval that was scored: singly for the
intervals of the monitor's window, where labels may still arrive or be corrected, and together for all earlier ones. So
an interval reads the row before it and the labels that have arrived since, however long the history is. All intervals
to which these labels belong are summed anew, so a late or a corrected label counts as if it had been known at first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sluss.problems.slicing import PREFIX
from sluss.statistics.dispersion import steps_of
from sluss.statistics.sample import Sample, sample_of, together
from sluss.storage.lake import INTERVAL

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd

    from sluss.arrays import Floats
    from sluss.problems.problem import Problem

_MOST_STEPS = 60  # between intervals of earlier versions that are remembered


@dataclass(frozen=True)
class Track:
    """The record of all rows, or of those of one slice."""

    promise: Sample  # on the holdout
    older: Sample = field(default_factory=Sample)
    recent: Mapping[str, Sample] = field(default_factory=dict)  # by interval, in order

    @property
    def recently(self) -> Sample:
        """The labelled rows of the monitor's window."""
        return together(list(self.recent.values()))

    @property
    def since_promotion(self) -> Sample:
        """All labelled rows since the promotion."""
        return self.older + self.recently

    def updated(self, samples: Mapping[str, Sample], first: str, oldest: str) -> Track:
        """Return the track with the intervals from `first` on replaced, and those before `oldest` added together."""
        kept = {name: sample for name, sample in self.recent.items() if name < first} | dict(samples)
        older = self.older + together([sample for name, sample in kept.items() if name < oldest])
        return Track(self.promise, older, {name: kept[name] for name in sorted(kept) if name >= oldest})


@dataclass(frozen=True)
class QualityHistory:
    """The tracks of one version, by the name of their slice; that of all rows has the name ""."""

    version: str
    first: str  # the first interval that the version scored
    tracks: Mapping[str, Track]
    learned: tuple[float, ...] = ()  # steps between the intervals of earlier versions, by `steps_of`
    bounds: Mapping[str, list[float]] | None = None  # of the slices' quarters; None where the version records none

    @property
    def whole(self) -> Track:
        """The track of all rows."""
        return self.tracks[""]

    def updated(self, found: Mapping[str, Mapping[str, Sample]], first: str, oldest: str) -> QualityHistory:
        """Return the history with the samples of the intervals from `first` on, by slice and interval."""
        tracks = {name: track.updated(found.get(name, {}), first, oldest) for name, track in self.tracks.items()}
        return replace(self, tracks=tracks)

    def as_json(self) -> str:
        """Return the history as JSON."""
        tracks = {
            name: {
                "promise": track.promise.as_list(),
                "older": track.older.as_list(),
                "recent": {interval: sample.as_list() for interval, sample in track.recent.items()},
            }
            for name, track in self.tracks.items()
        }
        content = {
            "version": self.version,
            "first": self.first,
            "learned": self.learned,
            "bounds": self.bounds,
            "tracks": tracks,
        }
        return json.dumps(content, separators=(",", ":"))


def read_history(text: str | None) -> QualityHistory | None:
    """Read a history from its JSON; None where an older release wrote the row without one."""
    if not text:
        return None
    content: dict[str, Any] = json.loads(text)
    tracks = {
        name: Track(
            Sample(*track["promise"]),
            Sample(*track["older"]),
            {interval: Sample(*sums) for interval, sums in track["recent"].items()},
        )
        for name, track in content["tracks"].items()
    }
    learned = tuple(content["learned"])
    return QualityHistory(content["version"], content["first"], tracks, learned, content["bounds"])


def begin(
    version: str,
    first: str,
    promises: Mapping[str, Sample],
    before: QualityHistory | None,
    bounds: Mapping[str, list[float]] | None = None,
) -> QualityHistory:
    """Return the history of a version without labels. The dispersion of the version before it stays known."""
    tracks = {name: Track(promise) for name, promise in promises.items()}
    return QualityHistory(version, first, tracks, _learned(before), bounds)


def _learned(before: QualityHistory | None) -> tuple[float, ...]:
    if before is None:
        return ()
    return (*before.learned, *steps_of([each for each in before.whole.recent.values() if each.units]))[-_MOST_STEPS:]


def samples(
    problem: Problem, rows: pd.DataFrame, group: str | None, slices: Collection[str] = ()
) -> dict[str, dict[str, Sample]]:
    """Return the samples of labelled rows, by slice and interval.

    Args:
        problem: judges the rows.
        rows: with `label`, the scores, the interval, and the columns of the slices, in the order of their events.
        group: the column of the group, where rows come in groups.
        slices: columns whose values are slices.
    """
    found: dict[str, dict[str, Sample]] = {"": {}}
    for interval, part in rows.groupby(INTERVAL, sort=True):
        for name, each in sliced(problem, part, group, slices).items():
            found.setdefault(name, {})[str(interval)] = each
    return found


def sliced(problem: Problem, rows: pd.DataFrame, group: str | None, slices: Collection[str] = ()) -> dict[str, Sample]:
    """Return the sample of labelled rows, and that of each of their slices, by name."""
    found = {"": _sample(problem, rows, group)}
    for column in slices:
        for value, part in rows.groupby(column, sort=True):
            found[f"{column.removeprefix(PREFIX)} = {value}"] = _sample(problem, part, group)
    return found


def _sample(problem: Problem, rows: pd.DataFrame, group: str | None) -> Sample:
    return sample_of(closeness_of(problem, rows, group)) if len(rows) else Sample()


def closeness_of(problem: Problem, rows: pd.DataFrame, group: str | None) -> Floats:
    """Return the closeness of labelled rows, by unit."""
    groups = rows[group].to_numpy() if group else None
    return problem.judging.closeness_by_unit(rows["label"].to_numpy(), problem.scoring.read(rows), groups)
