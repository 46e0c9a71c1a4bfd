"""Columns, words and ids that alone predict the label of rows that they did not learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluss.profiling.leaks import NEARLY_ALL
from sluss.profiling.one_column import Alone, predicts_alone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

_MOST_ROWS = 10_000
_WIDE, _FEW_ROWS = 200, 2_000  # columns, and rows of a table with more
_SKILL = 0.85  # share of the errors of guessing that one column of a real problem hardly ever avoids
_FEWEST = 50
_LATER = 0.95
_TOKEN = r"\w+|[^\w\s]"  # noqa: S105 - of texts
_COMMON = 0.1  # share of the texts that a word is in
_PURE, _MIXED = 0.98, 0.8


@dataclass(frozen=True)
class Sample:
    """Training rows and holdout, each with `label`."""

    train: pd.DataFrame
    holdout: pd.DataFrame
    classes: bool

    def few(self, columns: int) -> Sample:
        """Evenly chosen rows: fewer of a wide table."""
        most = _FEW_ROWS if columns > _WIDE else _MOST_ROWS
        train, holdout = (each.iloc[:: max(-(-len(each) // most), 1)] for each in (self.train, self.holdout))
        return Sample(train, holdout, self.classes)


def telltale_columns(sample: Sample, kinds: Mapping[str, str], figures: dict[str, float]) -> Iterator[tuple[str, str]]:
    """Yield the columns that know the label, with the reason, to come after the column's name.

    Args:
        sample: rows, with `id` and `event_time`.
        kinds: of the features, by name.
        figures: gets the greatest power of a column.
    """
    sample = sample.few(len(kinds))
    for name, kind in kinds.items():
        if reason := _by_its_role(sample.train, name, kind):
            yield name, reason
            continue
        best, what = Alone(), ""
        for part, (values, others) in _aspects(sample, name, kind).items():
            alone = predicts_alone(
                (values, sample.train["label"]),
                (others, sample.holdout["label"]),
                number=part not in ("", "first word", "last word") or kind in ("number", "time"),
                classes=sample.classes,
            )
            best, what = max((best, what), (alone, part), key=lambda each: each[0].skill)
        figures["skill_alone"] = max(figures.get("skill_alone", 0.0), best.skill)
        if len(sample.holdout) >= _FEWEST and best.skill >= _limit(sample) and best.score >= _least_score(sample):
            of_it = f" by the {what}{' of its texts' if kind == 'text' else ''}" if what else ""
            yield name, f"alone predicts the label of the holdout{of_it} nearly always ({best.score:.3f} of 1)"
        elif kind == "text" and sample.classes and (word := _telling_word(sample, name)):
            yield name, word


def _limit(sample: Sample) -> float:
    return _SKILL if sample.classes else NEARLY_ALL


def _least_score(sample: Sample) -> float:
    # The tree's ranking has ties, so the score of a column that is noise in a few rows is a little lower.
    return NEARLY_ALL - 0.04 if sample.classes else NEARLY_ALL


def _by_its_role(rows: pd.DataFrame, name: str, kind: str) -> str:
    if name == "id" or (kind != "number" and (rows[name].astype(str) == rows["id"].astype(str)).mean() > _LATER):
        return "is the id of the rows: it names a row and says nothing about others"
    if kind == "time" and name != "event_time":
        known = rows[name].notna()
        if known.any() and (rows.loc[known, name] > rows.loc[known, "event_time"]).mean() >= _LATER:
            return "is later than the event, so it is not known when the model scores"
    return ""


def _aspects(sample: Sample, name: str, kind: str) -> dict[str, tuple[Any, Any]]:
    """What may be read from a column, for training rows and holdout: itself, or simple traits of its texts."""
    import pandas as pd

    columns = sample.train[name], sample.holdout[name]
    if kind == "time":
        times = [pd.to_datetime(each, utc=True).dt for each in columns]
        return {
            "time of the day": tuple(each.hour * 3600 + each.minute * 60 + each.second for each in times),  # type: ignore[dict-item]
            "minute of the hour": tuple(each.minute * 60 + each.second for each in times),  # type: ignore[dict-item]
            "day of the week": tuple(each.day_of_week for each in times),  # type: ignore[dict-item]
        }
    if kind != "text":
        return {"": columns}
    texts = [each.fillna("").astype(str).str.lower() for each in columns]
    return {
        "first word": tuple(each.str.extract(f"({_TOKEN})")[0] for each in texts),  # type: ignore[dict-item]
        "last word": tuple(each.str.extract(f"({_TOKEN})\\s*$")[0] for each in texts),  # type: ignore[dict-item]
        "first number": tuple(each.str.extract(r"(-?\d+\.?\d*)")[0].astype(float) for each in texts),  # type: ignore[dict-item]
        "length": tuple(each.str.len() for each in texts),  # type: ignore[dict-item]
    }


def _telling_word(sample: Sample, name: str) -> str:
    """A word in many texts, nearly all of which have one class."""
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    texts = [each[name].fillna("").astype(str) for each in (sample.train, sample.holdout)]
    words = CountVectorizer(token_pattern=_TOKEN, binary=True, min_df=_COMMON / 2)
    try:
        learned = words.fit_transform(texts[0])
    except ValueError:  # no word is in enough of the texts
        return ""
    judged, names = words.transform(texts[1]), words.get_feature_names_out()
    labels = [each["label"].to_numpy() for each in (sample.train, sample.holdout)]
    for number in np.unique(labels[0]):
        if (labels[0] == number).mean() > _MIXED:
            continue
        pure = np.ones(len(names), dtype=bool)
        for table, truth in ((learned, labels[0]), (judged, labels[1])):
            seen = np.asarray(table.sum(axis=0)).ravel()
            hits = np.asarray(table[truth == number].sum(axis=0)).ravel()
            pure &= (seen >= np.maximum(_COMMON * table.shape[0], 5)) & (hits >= _PURE * seen)
        if pure.any():
            word = names[int(np.flatnonzero(pure)[0])]
            share = float(np.asarray(learned[:, np.flatnonzero(pure)[0]].sum()) / learned.shape[0])
            return f"holds the word “{word}” in {share:.0%} of the texts, nearly all of which have one label"
    return ""
