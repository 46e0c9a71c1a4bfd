"""Everything that is found out about a table, in one object."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.errors import ConfigError
from sluss.new.target import TargetColumn, target_of
from sluss.profiling.columns import TableProfile, profile
from sluss.profiling.leaks import Leak, leaks_of
from sluss.profiling.roles import NO_TIME, Asked, Role, is_doubled_id, roles_of
from sluss.profiling.spans import Span, span_of
from sluss.profiling.unclear import UnclearError
from sluss.profiling.unread_times import unread_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sluss.profiling.columns import ColumnProfile
    from sluss.profiling.whole_table import WholeTable
    from sluss.profiling.writing import Writing

_CALENDAR = re.compile(
    r"^(year|quarter|month|week|weekday|day|dow|hour|minute|season|holiday)s?$|_(year|quarter|month|week|weekday|dow|hour)$",
    re.IGNORECASE,
)
_PARTS = ("month", "day", "dow", "isodow", "week", "quarter", "hour", "minute", "year")
_MOSTLY = 0.95
_RISING = 0.98  # correlation with the time


@dataclass(frozen=True)
class Look:
    """A table as it was found."""

    profile: TableProfile
    roles: dict[str, Role]
    target: TargetColumn
    leaks: dict[str, Leak]
    span: Span | None
    calendar: tuple[str, ...]  # features that follow the calendar, and so always "drift"
    doubled_ids: int
    unread_times: tuple[tuple[str, str], ...] = ()  # columns that look like times, each with the way to read it

    def columns(self, role: str) -> list[ColumnProfile]:
        """The columns of a role, in the table's order."""
        return [self.profile.columns[name] for name, each in self.roles.items() if each.name == role]

    @property
    def time(self) -> ColumnProfile | None:
        """The time of a row."""
        return next(iter(self.columns("time")), None)

    @property
    def bad_share(self) -> float:
        """At most, of the rows that go to quarantine: without a time, or with a value that cannot be read."""
        used = [each for name, each in self.profile.columns.items() if self.roles[name].name in ("feature", "time")]
        missing = self.time.missing if self.time else 0
        return min((missing + sum(each.odd for each in used)) / self.profile.rows, 1.0)

    @property
    def merged_rows(self) -> int:
        """Rows that become one with another: by their id, or where a hash of the row is its id."""
        return self.doubled_ids if self.columns("id") else self.profile.duplicates

    @property
    def quarantined_share(self) -> float:
        """At most, of the rows: bad ones, and all but one of those with the same id."""
        return min(self.bad_share + self.merged_rows / self.profile.rows, 1.0)

    @property
    def warnings(self) -> Iterator[str]:
        """A sentence for each thing that a person should look at."""
        for leak in self.leaks.values():
            yield f"'{leak.column}' may give the label away: {leak.reason}. It is left out."
        if self.profile.duplicates:
            yield f"{counted(self.profile.duplicates, 'row', 'is', 'are')} equal to another one."
        if self.doubled_ids:
            yield f"{counted(self.doubled_ids, 'row', 'has', 'have')} the id of another row; the last one counts."
        yield from self._of_names()
        yield from self._of_values()
        if self.span and self.span.outside:
            yield _outside(self.span)
        if self.span and self.span.gaps:
            shown = ", ".join(map(str, self.span.gaps[:3]))
            yield f"There are no rows for {shown}{' and more' if len(self.span.gaps) > 3 else ''}."

    def _of_names(self) -> Iterator[str]:
        for name, role in self.roles.items():
            column = self.profile.columns[name]
            if role.name == "left out" and is_doubled_id(column):
                rows = counted(column.values - column.distinct, "row", "has", "have")
                yield (
                    f"'{name}' looks like an id, but {rows} the one of another row. It is left out; with ID={name} it "
                    "is the id, and of rows with the same one the last counts."
                )
        for name, cure in self.unread_times:
            yield f"'{name}' looks like a time that is not read, so it is a feature like any other. {cure}."

    def _of_values(self) -> Iterator[str]:
        for each in self.profile.columns.values():
            if each.odd:
                yield (
                    f"Not {each.written}: {counted(each.odd, 'value')} of '{each.name}', sent to quarantine with "
                    f"{'its row' if each.odd == 1 else 'their rows'}."
                )
        if self.time and self.time.missing:
            rows = counted(self.time.missing, "row", "has", "have")
            yield f"{rows} no time in '{self.time.name}': sent to quarantine."


def look(table: WholeTable, asked: Asked, writing: Writing) -> Look:
    """Look at all rows.

    Raises:
        ConfigError: a column is not there, values can be read in two ways, or times have no zone.
    """
    found = profile(table, writing, asked.time)
    roles = roles_of(found, asked)
    time = next((found.columns[name] for name, role in roles.items() if role.name == "time"), None)
    _check_zone(time, writing)
    span = span_of(table, time) if time else None
    if time and span is None:
        raise UnclearError(
            f"All rows have the same day in '{time.name}', so they cannot be split by time. Name another column with "
            "TIME=, or TIME=none: then rows are split by their ids.",
            "time",
        )
    label = found.columns[asked.target]
    target = target_of(table, label)
    features = [found.columns[name] for name, role in roles.items() if role.name == "feature"]
    leaks = leaks_of(table, features, label, time)
    roles |= {name: Role("left out", f"may give the label away: {leak.reason}") for name, leak in leaks.items()}
    kept = [each for each in features if each.name not in leaks]
    if not kept:
        reasons = "; ".join(f"'{name}': {role.reason}" for name, role in roles.items() if role.name != "label")
        shown = f" ({reasons})" if reasons else ": the table has no other column than the target"
        raise ConfigError(f"No column is left to learn from{shown}. Name a table with more columns.")
    ids = [name for name, role in roles.items() if role.name == "id"]
    return Look(
        found,
        roles,
        target,
        leaks,
        span,
        tuple(_calendar(table, kept, time)),
        _doubled(table, ids, found),
        () if asked.time == NO_TIME else tuple(_unread(table, kept)),
    )


def _unread(table: WholeTable, features: list[ColumnProfile]) -> Iterator[tuple[str, str]]:
    for each in features:
        if cure := unread_time(table, each):
            yield each.name, cure


def _outside(span: Span) -> str:
    """A sentence about rows whose days are far from those of the others."""
    shown = ", ".join(str(day) for day, _ in span.outside[:3])
    more = " and more" if len(span.outside) > 3 else ""
    rows = counted(span.rows_outside, "row", "lies", "lie")
    return (
        f"{rows} outside {span.first} to {span.last}, where the others are (on {shown}{more}), and will not be used. "
        "Correct the date if it is wrong."
    )


def _check_zone(time: ColumnProfile | None, writing: Writing) -> None:
    if time and time.naive and writing.time_zone is None:
        raise UnclearError(
            f"The times of '{time.name}' have no time zone. Say where they were noted: ZONE=UTC, or a name such as "
            "ZONE=Europe/Berlin.",
            "zone",
        )


def _doubled(table: WholeTable, ids: list[str], found: TableProfile) -> int:
    if not ids:
        return 0
    values = ", ".join(found.columns[name].sql for name in ids)
    return found.rows - int(table.ask(f"SELECT count(*) FROM (SELECT DISTINCT {values} FROM data)")[0][0])  # noqa: S608 - quoted


def _calendar(table: WholeTable, features: list[ColumnProfile], time: ColumnProfile | None) -> Iterator[str]:
    """Features that are parts of a date: by their names, or because their values are those of the row's time."""
    for each in features:
        if each.kind == "time":
            continue
        if _CALENDAR.search(each.name) or (time and each.kind == "number" and _is_of_the_time(table, each, time)):
            yield each.name


def _is_of_the_time(table: WholeTable, column: ColumnProfile, time: ColumnProfile) -> bool:
    return _rises(table, column, time) or (column.whole and _follows(table, column, time))


def _rises(table: WholeTable, column: ColumnProfile, time: ColumnProfile) -> bool:
    """Whether a number is the time in other words, such as 2016.5."""
    found = table.ask(f"SELECT corr({column.sql}, epoch({time.sql})) FROM data")[0][0]  # noqa: S608 - quoted
    return found is not None and abs(found) >= _RISING


def _follows(table: WholeTable, column: ColumnProfile, time: ColumnProfile) -> bool:
    same = ", ".join(
        f"avg(CASE WHEN {column.sql} = date_part('{part}', {time.sql}) THEN 1.0 ELSE 0.0 END)" for part in _PARTS
    )
    usual, *shares = table.ask(
        f"SELECT count(*) FILTER ({column.sql} = most) / count(*), {same} FROM data, "  # noqa: S608 - quoted
        f"(SELECT mode({column.sql}) AS most FROM data) WHERE {column.sql} IS NOT NULL"
    )[0]
    # A column of zeros equals the hour of all days.
    return usual < _MOSTLY / 2 and max(share or 0.0 for share in shares) >= _MOSTLY
