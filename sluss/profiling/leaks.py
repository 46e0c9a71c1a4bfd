"""Columns that know the label: each alone predicts nearly all, is missing where it is, or comes after the event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.profiling.one_column import predicts_alone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.profiling.columns import ColumnProfile
    from sluss.profiling.whole_table import WholeTable

# Between features of real problems, one alone hardly ever reaches these.
NEARLY_ALL = 0.99
_SAME_ROWS = 0.9  # overlap (Jaccard) of the rows without a value and the rows without a label
_FEWEST_MISSING = 10
_LATER = 0.95
_SAMPLE = 50_000
_MOST_NUMBERED = 10  # classes that are numbers


@dataclass(frozen=True)
class Leak:
    """A column that would not be known when the model scores, and how it shows."""

    column: str
    reason: str


def is_classes(label: ColumnProfile) -> bool:
    """Whether a label names classes: texts, or a few whole numbers that many rows share."""
    if label.kind != "number":
        return True
    return label.distinct == 2 or (
        label.whole and label.distinct <= _MOST_NUMBERED and label.values >= 20 * label.distinct
    )


def leaks_of(
    table: WholeTable, features: Sequence[ColumnProfile], label: ColumnProfile, time: ColumnProfile | None
) -> dict[str, Leak]:
    """The features that give the label away, by name."""
    found: dict[str, Leak] = {}
    for each in features:
        reason = _missing_with_label(table, each, label) or _after_the_event(table, each, time)
        if reason:
            found[each.name] = Leak(each.name, reason)
    rest = [each for each in features if each.name not in found and each.kind in ("number", "category")]
    for name, score in _alone(table, rest, label).items():
        if score >= NEARLY_ALL:
            found[name] = Leak(name, f"it alone predicts the label nearly always ({score:.3f} of 1)")
    return found


def _missing_with_label(table: WholeTable, column: ColumnProfile, label: ColumnProfile) -> str:
    """Known when the label is, and not before: both come in with the same message."""
    if label.missing < _FEWEST_MISSING or column.missing < _FEWEST_MISSING:
        return ""
    both, either = table.ask(
        f"SELECT count(*) FILTER (({column.sql}) IS NULL AND ({label.sql}) IS NULL), "  # noqa: S608 - quoted
        f"count(*) FILTER (({column.sql}) IS NULL OR ({label.sql}) IS NULL) FROM data"
    )[0]
    if either and both / either >= _SAME_ROWS:
        return f"it is missing where the label is ({both:,} of {counted(label.missing, 'row')})"
    return ""


def _after_the_event(table: WholeTable, column: ColumnProfile, time: ColumnProfile | None) -> str:
    if column.kind != "time" or time is None or column.name == time.name:
        return ""
    later = table.ask(
        f"SELECT avg(CASE WHEN {column.sql} > {time.sql} THEN 1.0 ELSE 0.0 END) FROM data "  # noqa: S608 - quoted
        f"WHERE {column.sql} IS NOT NULL"
    )[0][0]
    if later is not None and later >= _LATER:
        return f"it is later than {time.name}, so not known then"
    return ""


def _alone(table: WholeTable, columns: Sequence[ColumnProfile], label: ColumnProfile) -> dict[str, float]:
    """How well a small tree on one column ranks unseen rows: AUC, or R² of a number; the greatest over the classes."""
    if not columns:
        return {}
    import pandas as pd

    chosen = ", ".join(f"{each.sql} AS c{place}" for place, each in enumerate(columns))
    rows: pd.DataFrame = table.connection.execute(
        f"SELECT {chosen}, {label.sql} AS label FROM data WHERE {label.sql} IS NOT NULL "  # noqa: S608 - quoted
        f"USING SAMPLE reservoir({_SAMPLE} ROWS) REPEATABLE (7)"
    ).df()
    classes = is_classes(label)
    labels = pd.factorize(rows["label"])[0] if classes else rows["label"]
    return {
        each.name: predicts_alone(
            (rows[f"c{place}"][::2], labels[::2]),
            (rows[f"c{place}"][1::2], labels[1::2]),
            number=each.kind == "number",
            classes=classes,
        ).score
        for place, each in enumerate(columns)
    }
