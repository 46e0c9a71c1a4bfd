"""Formats of times in texts, other than ISO 8601."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_FORMATS = tuple(
    f"{day}{time}"
    for day in ("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%Y%m%d", "%d.%m.%y",
                "%m/%d/%y", "%d/%m/%y", "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y")
    for time in ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
)  # fmt: skip
_CLOCK_PARTS = ("%H", "%I", "%M", "%S", "%T", "%R", "%X", "%c", "%s")
_NUMBER_OF_TWO, _WORD = r"\d{1,2}", r"[^\d\s.,:/-]+"
_DIRECTIVES = {
    "%Y": r"\d{4}", "%y": r"\d{2}", "%d": r"(?P<day>\d{1,2})", "%z": r"(?:Z|[+-]\d{2}:?\d{2})", "%%": "%",
    **dict.fromkeys(("%m", "%H", "%I", "%M", "%S"), _NUMBER_OF_TWO),
    **dict.fromkeys(("%b", "%B", "%a", "%A", "%p"), _WORD),
}  # fmt: skip
_ANY_CLOCK = r"(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)?"
_FRACTION = r"(:\d\d)[.,](\d+)"  # of a second, which strptime does not read
_DIGITS_OF_A_MICROSECOND = 6
_FRACTION_SIGNS = (".%f", ",%f")


def by_format(texts: pa.Array, form: str) -> pa.Array:
    """Times by a format, null where a text has another one; of one of days, also those with a clock behind the day."""
    import pyarrow.compute as pc

    for sign in _FRACTION_SIGNS:
        form = form.removesuffix(sign)
    has_clock = any(part in form for part in _CLOCK_PARTS)
    forms = [form] if has_clock else [form, *(f"{form}{apart}%H:%M{more}" for apart in " T" for more in ("", ":%S"))]
    whole = pc.replace_substring_regex(texts, _FRACTION, r"\1")
    times = pc.coalesce(*(_by_one_format(whole, each) for each in forms))
    return pc.add(times, _fractions(texts))


def _by_one_format(texts: pa.Array, form: str) -> pa.Array:
    """Times by a format. strptime takes 31 February for 3 March, and 26 for the year 26: here they are null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    times = pc.strptime(texts, format=form, unit="us", error_is_null=True)
    parts = pc.extract_regex(texts, pattern_of(form))
    fits = parts.is_valid()
    if "%d" in form and times.type.tz is None:
        day = pc.struct_field(parts, "day").cast(pa.int64())
        # A leap second at midnight belongs to the next day.
        fits = pc.and_(fits, pc.or_(pc.equal(day, pc.day(times)), pc.match_substring(texts, ":60")))
    return pc.if_else(fits, times, None)


def pattern_of(form: str) -> str:
    """A regular expression for texts of a format, with a group for the day; any clock may follow a format of days."""
    parts = re.split(r"(%.)", form)
    written = (_DIRECTIVES.get(part, ".+") if part.startswith("%") else _literal(part) for part in parts)
    clock = "" if any(part in form for part in _CLOCK_PARTS) else _ANY_CLOCK
    return f"^(?P<whole>{''.join(written)}){clock}$"


def _literal(text: str) -> str:
    return re.sub(r"(\\ )+", r"\\s+", re.escape(text))


def _fractions(texts: pa.Array) -> pa.Array:
    """The fraction of a second in each text, as a duration; 0 where there is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    digits = pc.struct_field(pc.extract_regex(texts, r":\d\d[.,](?P<digits>\d{1,6})"), "digits")
    filled = pc.utf8_rpad(pc.fill_null(digits, "0"), _DIGITS_OF_A_MICROSECOND, "0")
    return filled.cast(pa.int64()).cast(pa.duration("us"))


def fitting_formats(texts: pa.Array) -> list[str]:
    """The formats in which all of these texts may be written."""
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(texts)
    found = []
    for form in _FORMATS:
        read = pc.strptime(trimmed, format=form, unit="s", error_is_null=True)
        # Of a year in two digits, strptime also reads the first two of four.
        if read.null_count == 0 and pc.all(pc.equal(pc.strftime(read, format=form), trimmed)).as_py():
            found.append(form)
    return found
