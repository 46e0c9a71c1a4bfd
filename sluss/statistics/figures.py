"""The statistics that the monitor computes for one interval."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

SCORE = "score"
# Of the same predictions, where they have such.
SCORE_CLASS, SCORE_WIDTH, SCORE_FIRST = f"{SCORE}.class", f"{SCORE}.width", f"{SCORE}.first"
GROUPS = "groups"  # the figure that counts them, where rows come in groups
BINS = 20  # of the score histogram

_OF_SCORES = {
    SCORE: "the model's scores",
    SCORE_CLASS: "the predicted classes",
    SCORE_WIDTH: "the width of the predicted intervals",
    SCORE_FIRST: "the first item of the lists",
}


@dataclass(frozen=True, slots=True)
class Drift:
    """The drift of one feature from the reference."""

    feature: str
    distance: float
    p_value: float  # Holm-adjusted over the interval's features
    before: float | None  # mean in the reference, for numbers
    now: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric on some labelled rows with its 95 % interval."""

    metric: str
    value: float
    low: float
    high: float
    rows: int  # labelled rows
    trials: int  # the rows the metric is a share of; equals `rows` for accuracy
    positives: int  # 0 in a regression
    groups: int | None = None  # that the rows belong to, where rows come in groups

    @property
    def pieces(self) -> int:
        """Independent pieces of evidence: groups, or rows without groups."""
        return self.rows if self.groups is None else self.groups

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values for JSON; of rows without groups, none is counted."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Expected:
    """The metric as it is expected on rows whose labels are not known yet."""

    metric: str
    value: float
    outside: float  # share of the rows where the holdout has few or no rows
    blind: str = ""  # why the value cannot be trusted; empty if it can


@dataclass(frozen=True, slots=True)
class Summary:
    """The statistics of one interval, from the data known at its end."""

    interval: str
    model_version: str
    run_id: str
    rows: int
    figures: dict[str, float]  # of the scores, by name; which there are depends on the problem
    histogram: tuple[int, ...]  # rows by score, in equal bins from 0 to 1, or over the range of the profile's scores
    drift: tuple[Drift, ...]
    quality: Estimate | None
    quality_intervals: tuple[str, ...]
    expected: Expected | None = None  # before labels come; None where the problem has no probabilities, or few rows
    promise: Estimate | None = None  # the metric on the version's holdout; None in rows of older releases

    @property
    def mean_score(self) -> float:
        """Mean score of the interval's predictions."""
        return next(drift.now for drift in self.drift if drift.feature == SCORE and drift.now is not None)


def feature_in_words(feature: str) -> str:
    """Return a readable name for a feature of the profile, e.g. `words per text` for `text.words`."""
    if feature in _OF_SCORES:
        return _OF_SCORES[feature]
    name, _, derived = feature.rpartition(".")
    match derived:
        case "words":
            return f"words per {name}"
        case "unknown_words":
            return f"share of words in {name} that training never saw"
        case "missing":
            return f"share of rows without {name}"
        case _:
            return feature
