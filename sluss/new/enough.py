"""Whether a table has rows enough on both sides of the split, before a line is written or a model trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.errors import DataError
from sluss.new.days import fewest_holdout_rows, fewest_training_rows, sides
from sluss.new.target import class_text
from sluss.profiling.unclear import UnclearError

if TYPE_CHECKING:
    from sluss.new.look import Look
    from sluss.profiling.whole_table import WholeTable

_HELD_OUT = 0.2  # of the rows, where they have no times
_BY_IDS = 10  # rows of a class, where a hash splits them: of fewer, each side may well have none


def check_enough(table: WholeTable, look: Look) -> None:
    """Count the labelled rows on both sides of the split, and those of each class.

    Raises:
        DataError: they are too few.
        UnclearError: they are too few for a split by time, and may suffice for one by ids.
    """
    label = look.profile.columns[look.target.column]
    labelled, fewest = label.values, _fewest(look)
    if labelled < fewest:
        raise DataError(
            f"The table has {counted(labelled, 'row')} with a label, and {fewest:,} are needed to learn and to judge. "
            "Name a table with more rows."
        )
    _check_ids(look, fewest)
    _check_classes(look)
    learn, judge = sides(look)
    if learn == judge:
        return
    value = class_text(label) if look.target.kind == "classification" else "'all'"
    counts = table.ask(
        f"SELECT {value}, count(*) FILTER ({learn}), count(*) FILTER ({judge}) FROM data "  # noqa: S608 - quoted
        f"WHERE {label.sql} IS NOT NULL GROUP BY 1"
    )
    learned, judged = sum(row[1] for row in counts), sum(row[2] for row in counts)
    rows = learned + judged
    missing = sorted(f"'{value}'" for value, *sides in counts if not all(sides))
    if learned < fewest_training_rows(rows) or judged < fewest_holdout_rows(rows):
        fault = f"{counted(learned, 'labelled row')} to learn from and {judged:,} to be judged on"
    elif missing:
        fault = f"no row of the class {missing[0]} on one side"
    else:
        return
    by_ids = ""
    if labelled >= _fewest(look, by_ids=True) and all(round(each * labelled) >= _BY_IDS for each in look.target.shares):
        by_ids = ", or TIME=none: then rows are split by their ids"
    raise UnclearError(
        f"Split by the time '{look.time.name if look.time else ''}', the table has {fault}. Name a table of a longer "
        f"time, or another column with TIME={by_ids}.",
        "time",
    )


def _fewest(look: Look, *, by_ids: bool = False) -> int:
    rows = look.profile.rows
    if look.span and not by_ids:
        return fewest_training_rows(rows) + fewest_holdout_rows(rows)
    return int(max(fewest_training_rows(rows) / (1 - _HELD_OUT), fewest_holdout_rows(rows) / _HELD_OUT))


def _check_ids(look: Look, fewest: int) -> None:
    """Of the rows with the same id, the last one alone counts."""
    ids, left = [each.name for each in look.columns("id")], look.profile.rows - look.doubled_ids
    if ids and left < fewest:
        names = ",".join(ids)
        raise DataError(
            f"The id '{names}' tells {counted(left, 'row')} apart of {look.profile.rows:,}, and {fewest:,} are needed. "
            "Name a column with a value of its own in each row with ID=, or leave ID= out: then Sluss makes one."
        )


def _check_classes(look: Look) -> None:
    """With fewer rows of a class, it is missing on one side of any split."""
    fewest = 2 if look.span else _BY_IDS
    labelled = look.profile.columns[look.target.column].values
    for name, share in zip(look.target.classes, look.target.shares, strict=True):
        if round(share * labelled) < fewest:
            raise DataError(
                f"The class '{name}' has {counted(round(share * labelled), 'row')} of {labelled:,} with a label: too "
                "few to learn from and to judge on. Join rare classes or leave their rows out, or name a table with "
                "more rows."
            )
