"""The role of each column: id, time, label, feature, or left out, with the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sluss.counted import counted
from sluss.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.profiling.columns import ColumnProfile, TableProfile

RoleName = Literal["id", "time", "label", "feature", "left out"]

_MISSING_TEXTS = 0.02  # share from which a text is left out: vectorisers take no missing values
_FEW = 2  # rows, of which any value is unique
_FEW_WITHOUT = 0.05  # share of rows without a time, which go to quarantine
_MOST_WITHOUT = 0.5  # where a person has named the column
NO_TIME = "none"  # a person's word for it
_ID = re.compile(r"(^|_|\b)(id|uuid|guid|key|no|nr|rownames?|index|nummer|number)$", re.IGNORECASE)
TIME_NAME = re.compile(r"time|date|_at$|timestamp|created|when|wann|datum|zeit", re.IGNORECASE)
_ROWS_ID = re.compile(r"(^|_|\b)(id|uuid|guid|ID)$|[a-z]I[dD]$")
_NEARLY_UNIQUE = 0.8  # share of different values from which a column called id is rather an id than a customer's


@dataclass(frozen=True)
class Role:
    """Role of a column, with the reason."""

    name: RoleName
    reason: str


@dataclass(frozen=True)
class Asked:
    """Columns that a person names: the target, and optionally the time and the id, which may be several columns."""

    target: str
    time: str | None = None
    id: tuple[str, ...] = ()


def roles_of(profile: TableProfile, asked: Asked) -> dict[str, Role]:
    """Give each column a role.

    Raises:
        ConfigError: a column that was named does not exist, or cannot have its role.
    """
    named = [asked.target, *([asked.time] if asked.time and asked.time != NO_TIME else []), *asked.id]
    for name in named:
        _column(profile, name)
        if named.count(name) > 1:
            raise ConfigError(f"'{name}' is named twice: a column is either the target, the time or (part of) the id.")
    target = _column(profile, asked.target)
    if target.kind == "empty" or target.distinct < 2:
        raise ConfigError(
            f"The target '{target.name}' has {counted(target.distinct, 'different value')}: nothing can be learned."
        )
    found = {
        asked.target: Role("label", f"the target: {target.written}, {counted(target.distinct, 'different value')}")
    }
    time = _time(profile, asked)
    if time:
        found[time] = Role("time", "named" if asked.time else "the time that most rows differ in")
    for name in asked.id or _id(profile, taken=[*found]):
        found[name] = Role("id", "named" if asked.id else "a value of its own in each row")
    return {name: found.get(name) or _other(column) for name, column in profile.columns.items()}


def _column(profile: TableProfile, name: str) -> ColumnProfile:
    if name not in profile.columns:
        known = ", ".join(profile.columns)
        raise ConfigError(f"There is no column '{name}'. The columns are: {known}.")
    return profile.columns[name]


def _time(profile: TableProfile, asked: Asked) -> str | None:
    if asked.time == NO_TIME:
        return None
    if asked.time:
        _check_time(_column(profile, asked.time))
        return asked.time
    times = [each for each in profile.columns.values() if each.kind == "time" and without_value(each) <= _FEW_WITHOUT]
    # One without a gap is rather the time of the row than, say, the time of its return.
    likely = sorted(
        times,
        key=lambda each: (not without_value(each), bool(TIME_NAME.search(each.name)), each.distinct),
        reverse=True,
    )
    return next((each.name for each in likely if each.name != asked.target), None)


def _check_time(column: ColumnProfile) -> None:
    if column.kind != "time":
        raise ConfigError(
            f"'{column.name}' is not a column of times ({column.written}). Name another one with TIME=, or its "
            "format with DATE_FORMAT=, for example DATE_FORMAT=%d.%m.%Y, or unix for seconds since 1970."
        )
    if without_value(column) > _MOST_WITHOUT:
        raise ConfigError(
            f"{without_value(column):.0%} of the rows have no time in '{column.name}', and no interval would have "
            "them. Name another column with TIME=, or TIME=none: then rows are split by their ids."
        )


def without_value(column: ColumnProfile) -> float:
    """The share of the rows whose value is missing or cannot be read."""
    return (column.missing + column.odd) / column.rows


def _id(profile: TableProfile, taken: Sequence[str]) -> list[str]:
    unique = [each for each in profile.columns.values() if each.is_unique and each.name not in taken]
    named = [each.name for each in unique if _named(each)]
    others = [each.name for each in unique if each.counts_up or each.kind in ("category", "text")]
    return (named or others)[:1]


def _named(column: ColumnProfile) -> bool:
    """Whether a column's name is that of an id, and its values can be."""
    return bool(_ID.search(column.name)) and (column.whole or column.kind in ("category", "text"))


def _like_an_id(column: ColumnProfile) -> str:
    if column.is_unique and column.rows > _FEW and (column.counts_up or column.kind == "category" or _named(column)):
        return "a value of its own in each row, like an id"
    if is_doubled_id(column):
        return f"an id that {counted(column.values - column.distinct, 'row')} share with another"
    return ""


def is_doubled_id(column: ColumnProfile) -> bool:
    """Whether a column is called an id, and nearly all rows have a value of their own in it."""
    can_be = column.kind in ("category", "text") or (column.kind == "number" and column.whole)
    nearly = _NEARLY_UNIQUE * column.values <= column.distinct < column.values
    return can_be and nearly and column.rows > _FEW and bool(_ROWS_ID.search(column.name))


def _other(column: ColumnProfile) -> Role:
    if column.kind == "empty":
        return Role("left out", "no row has a value")
    if column.kind == "nested":
        return Role("left out", "lists and objects are not features")
    if column.distinct == 1:
        return Role("left out", "each row has the same value")
    if reason := _like_an_id(column):
        return Role("left out", reason)
    if column.kind == "time":
        return Role("feature", "calendar features: month, weekday, hour")
    if column.kind == "text":
        return _text(column)
    if column.kind == "category":
        return Role("feature", counted(column.distinct, "different value"))
    return Role("feature", column.written)


def _text(column: ColumnProfile) -> Role:
    if column.missing > _MISSING_TEXTS * column.rows:
        return Role("left out", f"free text that is missing in {column.missing / column.rows:.0%} of the rows")
    return Role("feature", f"free text, {counted(round(column.words), 'word')} on average")
