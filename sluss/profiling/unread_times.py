"""Columns that look like times and are not read as such: numbers and words to a model, which cannot be meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sluss.conversion.time_formats import fitting_formats
from sluss.profiling.roles import TIME_NAME

if TYPE_CHECKING:
    from sluss.profiling.columns import ColumnProfile
    from sluss.profiling.whole_table import WholeTable

_SHOWN = 1_000  # different values that are looked at
_DAYS = "%Y%m%d"
_DAY = re.compile(
    r"(19|20)\d\d-?W\d\d(-?[1-7])?"  # a week of ISO 8601
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(\D.*)?"
    r"|(\w+,? )?(\d{1,2}\W*)?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\W+\d.*",
    re.IGNORECASE,
)
# From 1980 to 2095, and days since 1900 as spreadsheets have them, from 1968 to 2064.
_UNIX, _SERIAL = (315_532_800, 3_975_000_000), (25_000, 60_000)
_FORMATS = {"unix": _UNIX, "unix_ms": tuple(1_000 * each for each in _UNIX)}
_ISO = "Write it in ISO 8601 in the table, such as 2026-01-31T15:00:00Z"


def unread_time(table: WholeTable, column: ColumnProfile) -> str:
    """Return the way to have a column read as times, as a sentence; empty where it looks like no time."""
    if column.kind not in ("number", "category", "text"):
        return ""
    if column.kind == "number" and not column.whole:
        return _of_numbers(table, column)
    value = f"CAST({column.sql} AS HUGEINT)" if column.kind == "number" else column.sql
    text = f"CAST({value} AS VARCHAR)"
    found = table.ask(f"SELECT DISTINCT {text} FROM data WHERE {column.sql} IS NOT NULL LIMIT {_SHOWN}")  # noqa: S608
    values = [str(value).strip() for (value,) in found]
    form = _format(values, digits=column.kind == "number")
    if form and table.types[column.name] == "VARCHAR":
        return _cure(column.name, form)
    if form or (column.kind != "number" and all(map(_DAY.fullmatch, values))):
        return f"{_ISO}, and name it: TIME={column.name}"
    return _of_numbers(table, column) if column.kind == "number" else ""


def _format(values: list[str], *, digits: bool) -> str:
    """The first format in which all values are written; of plain digits, years of our time alone."""
    import pyarrow as pa

    if digits and not all(re.fullmatch(r"(19|20)\d{6}", each) for each in values):
        return ""
    found = fitting_formats(pa.array(values, pa.string())) if values else []
    return next((form for form in found if not digits or form == _DAYS), "")


def _of_numbers(table: WholeTable, column: ColumnProfile) -> str:
    """Numbers that are moments in another clock: only where the name says that they are times."""
    if not TIME_NAME.search(column.name):
        return ""
    low, high = table.ask(f"SELECT min({column.sql}), max({column.sql}) FROM data")[0]  # noqa: S608 - quoted
    for form, (least, most) in _FORMATS.items():
        if least <= low and high <= most:
            return _cure(column.name, form)
    if _SERIAL[0] <= low and high <= _SERIAL[1]:
        return f"If these are a spreadsheet's days: {_ISO[0].lower()}{_ISO[1:]}, and name it: TIME={column.name}"
    return ""


def _cure(name: str, form: str) -> str:
    quoted = f'"{form}"' if " " in form else form
    return f"If it is one: TIME={name} DATE_FORMAT={quoted}"
