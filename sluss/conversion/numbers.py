"""Numbers in texts: with a decimal point or a decimal comma, and a sign that parts thousands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_NUMBER = r"^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*$"
# By the decimal sign: numbers that are written with the other one, or with thousands apart.
_WITH_COMMA = r"^\s*[-+]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?\s*$"
_WITH_THOUSANDS = r"^\s*[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?\s*$"


def with_decimal_point(values: pa.Array, decimal: str) -> pa.Array:
    """Numbers such as `1.234,5` (of a decimal comma) or `1,234.5` as `1234.5`; other texts stay."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(values.type):
        return values
    if decimal == ",":
        point = pc.replace_substring(pc.replace_substring(values, ".", ""), ",", ".")
        return pc.if_else(pc.match_substring_regex(values, _WITH_COMMA), point, values)
    return pc.if_else(pc.match_substring_regex(values, _WITH_THOUSANDS), pc.replace_substring(values, ",", ""), values)


def number_texts(values: pa.Array) -> pa.Array:
    """Texts that are numbers, without white space around them; null for others."""
    import pyarrow.compute as pc

    return pc.if_else(pc.match_substring_regex(values, _NUMBER), pc.utf8_trim_whitespace(values), None)


def as_numbers(values: pa.Array, decimal: str) -> pa.Array:
    """Texts as numbers, null where they are not finite ones."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = number_texts(with_decimal_point(values, decimal)).cast(pa.float64())
    return pc.if_else(pc.is_finite(numbers), numbers, None)
