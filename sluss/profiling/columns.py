"""The columns of a table, each with its kind, its missing values and how many different values it has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from sluss.conversion.time_formats import pattern_of
from sluss.conversion.times import UNIX
from sluss.profiling.readings import Readings, readings_of
from sluss.profiling.reread import Reread, add_read_columns, read_name
from sluss.profiling.whole_table import quoted
from sluss.profiling.writing import Writing, writing_of

if TYPE_CHECKING:
    from sluss.profiling.whole_table import WholeTable

Kind = Literal["number", "category", "text", "time", "nested", "empty"]

_WORDS_OF_A_TEXT = 3.0  # mean number of words from which a text is prose and not a name
_MOST_CATEGORIES = 2_000
_EXACT = 2**53  # whole numbers above it are rounded where a model sees them
_NUMBERS = ("INT", "DOUBLE", "FLOAT", "DECIMAL", "REAL")
_NEARLY = 0.95  # of the values: the others go to quarantine


@dataclass(frozen=True)
class ColumnProfile:
    """A column, and what all of its values show."""

    name: str
    kind: Kind
    written: str  # how its values are written, for people
    sql: str  # the value as its kind, NULL where it is missing or cannot be read
    rows: int
    missing: int
    distinct: int
    odd: int = 0  # values that cannot be read as the others
    words: float = 0.0  # mean number of words of a text
    length: float = 0.0  # mean number of characters of a text
    missing_words: tuple[str, ...] = ()
    zoned: bool = False  # times with a zone, or a distance from UTC
    naive: bool = False  # times of day without one
    whole: bool = False
    counts_up: bool = False  # unique whole numbers without a gap, as those that a database gives to its rows

    @property
    def values(self) -> int:
        """Rows that have a value."""
        return self.rows - self.missing

    @property
    def is_unique(self) -> bool:
        """Whether each row has a value of its own."""
        return self.missing == 0 and self.distinct == self.rows


@dataclass(frozen=True)
class TableProfile:
    """A table's columns, in their order, and how its texts are written."""

    rows: int
    columns: dict[str, ColumnProfile]
    writing: Writing
    duplicates: int  # rows that are equal to another one

    @property
    def missing_words(self) -> tuple[str, ...]:
        """The words that stand for missing values among numbers and times."""
        columns = [each for each in self.columns.values() if each.kind in ("number", "time")]
        return tuple(dict.fromkeys(word for each in columns for word in each.missing_words))


def profile(table: WholeTable, given: Writing, time: str | None = None) -> TableProfile:
    """Look at all rows of a table; `time` is the column that a person has named for it.

    Raises:
        ConfigError: numbers or dates can be read in two ways, and `given` does not choose.
    """
    texts = {name: readings_of(table, name) for name, kind in table.types.items() if kind == "VARCHAR"}
    writing = writing_of(texts, given, table.files[0].delimiter if table.files else "")
    kinds = {name: _kind(table, name, texts.get(name), writing, time) for name in table.types}
    read = {name: kind for name, kind in kinds.items() if kind == "time" or (kind == "number" and name in texts)}
    missing = tuple(dict.fromkeys(word for name in read if name in texts for word in texts[name].missing_words))
    distinct = table.ask("SELECT count(*) FROM (SELECT DISTINCT * FROM data)")[0][0]
    add_read_columns(table, read, Reread(writing, missing))
    columns = {
        name: _of_texts(table, name, texts[name], kinds[name], writing)
        if name in texts
        else _typed(table, name, table.types[name], kinds[name])
        for name in table.types
    }
    rows = table.rows
    return TableProfile(rows, columns, writing, rows - int(distinct))


def _kind(table: WholeTable, name: str, found: Readings | None, writing: Writing, time: str | None) -> str:
    """`number` or `time` where the values are to be read as such, else an empty text."""
    if name == time and writing.date_format in UNIX:
        return "time"
    if found is None:
        return "time" if table.types[name].startswith(("TIMESTAMP", "DATE")) else ""
    if not found.values or found.mostly("nested"):
        return ""
    if found.mostly("iso") or (found.mostly("slashed", "dotted") and writing.date_format is not None):
        return "time"
    if writing.date_format and _mostly_as(table, name, found, writing.date_format):
        return "time"
    return "number" if _is_number(table, name, found, writing) else ""


def _mostly_as(table: WholeTable, name: str, found: Readings, form: str) -> bool:
    """Whether nearly all values are written in a format that a person has given."""
    if form in UNIX:
        return False  # any number may be one: only the column that is named for the time is read so
    pattern = pattern_of(form).replace("'", "''")
    fits = f"regexp_full_match(trim({quoted(name)}), '{pattern}')"
    count = table.ask(f"SELECT count(*) FILTER ({fits}) FROM data")[0][0]  # noqa: S608 - quoted
    return int(count) >= _NEARLY * found.values


def _is_number(table: WholeTable, name: str, found: Readings, writing: Writing) -> bool:
    sign = "comma" if writing.decimal == "," else "point"
    return (
        found.mostly(sign) and not found.padded and not (found.whole == getattr(found, sign) and _is_long(table, name))
    )


def _is_long(table: WholeTable, name: str) -> bool:
    """Whether a column of whole numbers has some that a model would round."""
    largest = table.ask(f"SELECT max(abs(TRY_CAST(trim({quoted(name)}) AS DOUBLE))) FROM data")[0][0]  # noqa: S608 - quoted
    return largest is not None and largest > _EXACT


def _of_texts(table: WholeTable, name: str, found: Readings, kind: str, writing: Writing) -> ColumnProfile:
    text = f"trim({quoted(name)})"
    sign = "comma" if writing.decimal == "," else "point"
    match kind:
        case "time":
            return _times(table, name, found, writing)
        case "number":
            whole = found.whole == getattr(found, sign)
            written = "whole numbers" if whole else f"numbers with a decimal {sign}"
            return _measured(table, name, "number", written, read_name(name), found=found, whole=whole)
    if not found.values:
        return _measured(table, name, "empty", "no values", f"nullif({text}, '')")
    if found.mostly("nested"):
        return _measured(table, name, "nested", "lists or objects", text)
    if found.mostly("slashed", "dotted"):
        return _words(table, name, text, "dates in two orders, kept as texts")
    if found.mostly("whole") and not found.padded and _is_long(table, name):
        return _words(table, name, f"nullif({text}, '')", "whole numbers above 2^53, kept as texts")
    return _words(table, name, text)


def _times(table: WholeTable, name: str, found: Readings, writing: Writing) -> ColumnProfile:
    if found.mostly("iso"):
        zoned, written = found.zoned > 0, "times in ISO 8601" if found.clocked else "days in ISO 8601"
    else:
        form = writing.date_format or ""
        zoned, written = form in UNIX or "%z" in form, f"times as {form}"
    column = _measured(table, name, "time", written, read_name(name), found=found)
    return replace(column, zoned=zoned, naive=not zoned and found.clocked > 0)


def _words(table: WholeTable, name: str, text: str, written: str = "") -> ColumnProfile:
    present = f"nullif({text}, '')"
    words = table.ask(
        f"SELECT avg(len(string_split({present}, ' '))), count(DISTINCT {present}), count({present}), "  # noqa: S608 - quoted
        f"avg(length({present})) FROM data"
    )[0]
    mean, distinct, values, length = float(words[0] or 0), int(words[1]), int(words[2]), float(words[3] or 0)
    prose = mean >= _WORDS_OF_A_TEXT and distinct > values / 2
    many = distinct > _MOST_CATEGORIES and distinct > values / 2 and not prose
    kind: Kind = "text" if prose or many else "category"
    measured = _measured(table, name, kind, written or ("free text" if prose else "words"), present)
    return replace(measured, words=mean, length=length)


def _typed(table: WholeTable, name: str, kind: str, read: str) -> ColumnProfile:
    column = quoted(name)
    if kind == "BOOLEAN":
        return _measured(table, name, "category", "true and false", f"CAST({column} AS VARCHAR)")
    if read == "time":
        zoned = "ZONE" in kind or not kind.startswith(("TIMESTAMP", "DATE"))
        measured = _measured(table, name, "time", kind.lower(), read_name(name))
        return replace(measured, zoned=zoned, naive=kind != "DATE" and not zoned)
    if any(part in kind for part in _NUMBERS) and "[" not in kind and "STRUCT" not in kind:
        whole = "INT" in kind
        largest = table.ask(f"SELECT max(abs(CAST({column} AS DOUBLE))) FROM data")[0][0] if whole else 0  # noqa: S608
        if largest and largest > _EXACT:
            text = f"CAST({column} AS VARCHAR)"
            return _words(table, name, text, "whole numbers above 2^53, kept as texts")
        finite = f"CASE WHEN isfinite(CAST({column} AS DOUBLE)) THEN CAST({column} AS DOUBLE) END"
        return _measured(table, name, "number", kind.lower(), finite, whole=whole)
    if "[" in kind or kind.startswith(("STRUCT", "MAP", "JSON", "BLOB")):
        return _measured(table, name, "nested", kind.split("(")[0].lower(), f"CAST({column} AS VARCHAR)")
    return _words(table, name, f"CAST({column} AS VARCHAR)", kind.split("(")[0].lower())


def _measured(  # noqa: PLR0913 - the facts of a column
    table: WholeTable, name: str, kind: Kind, written: str, sql: str,
    *, found: Readings | None = None, whole: bool = False,
) -> ColumnProfile:  # fmt: skip
    rows, values, distinct = table.ask(f"SELECT count(*), count({sql}), count(DISTINCT {sql}) FROM data")[0]  # noqa: S608 - quoted
    odd = max(found.values - int(values), 0) if found else 0
    if not values:
        kind, written = "empty", "no values"
    counts_up = whole and rows == distinct and rows - 1 == table.ask(f"SELECT max({sql}) - min({sql}) FROM data")[0][0]  # noqa: S608 - quoted
    return ColumnProfile(
        name, kind, written, sql, int(rows), int(rows) - int(values) - odd, int(distinct), odd=odd,
        missing_words=found.missing_words if found else (), whole=whole,
        counts_up=counts_up,
    )  # fmt: skip
