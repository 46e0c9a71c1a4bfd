"""Meaning of a column of texts, by all of its values: one query counts each way to read them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from sluss.profiling.whole_table import quoted

if TYPE_CHECKING:
    from sluss.profiling.whole_table import WholeTable

# Words that stand for a missing value among numbers and times. Among other texts, "NA" may be Namibia.
MISSING_WORDS = ("na", "n/a", "nan", "null", "none", "nil", "-", "--", "?", ".", "#n/a", "#na", "#nv", "k.a.", "n.a.")
_INT = r"[+-]?\d+"
_CLOCK = r"([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?"
_ZONE = r"(Z|[+-]\d{2}(:?\d{2})?)?"
# By the field of `Readings` that counts the values that match in full.
PATTERNS = {
    "whole": _INT,
    "padded": r"0\d+",
    "point": r"[+-]?(\d+\.\d*|\.\d+|\d+)([eE][+-]?\d+)?|[+-]?\d{1,3}(,\d{3})+(\.\d+)?",
    "comma": r"[+-]?(\d+,\d+|\d+)|[+-]?\d{1,3}(\.\d{3})+(,\d+)?",
    "iso": rf"\d{{4}}-\d{{2}}-\d{{2}}{_CLOCK}{_ZONE}",
    "zoned": r"\d{4}-\d{2}-\d{2}[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)",
    "slashed": rf"\d{{1,2}}/\d{{1,2}}/\d{{4}}{_CLOCK}",
    "dotted": rf"\d{{1,2}}\.\d{{1,2}}\.\d{{4}}{_CLOCK}",
    "clocked": r".*\d{1,2}:\d{2}.*",
    "first_above_12": r"(1[3-9]|2\d|3[01])[/.]\d{1,2}[/.]\d{4}.*",
    "second_above_12": r"\d{1,2}[/.](1[3-9]|2\d|3[01])[/.]\d{4}.*",
    "nested": r"\s*[\[{].*[\]}]\s*",
    "with_comma": r".*,.*",
    # A comma that is a decimal comma and cannot part thousands, and a point of which the same is true.
    "surely_comma": r"[+-]?0,\d+|[+-]?\d+,(\d{1,2}|\d{4,})|[+-]?\d{1,3}(\.\d{3})+,\d+",
    "surely_point": r"[+-]?(0\.\d+|\d+\.(\d{0,2}|\d{4,})|\d{4,}\.\d+|\.\d+)([eE][+-]?\d+)?|[+-]?\d{1,3}(,\d{3})+\.\d+",
}


@dataclass(frozen=True)
class Readings:
    """How many values of a column can be read in each way. Missing words and empty values are none of them."""

    values: int
    missing_words: tuple[str, ...]  # as they are written
    whole: int
    padded: int
    point: int
    comma: int
    iso: int
    zoned: int
    slashed: int
    dotted: int
    clocked: int
    first_above_12: int
    second_above_12: int
    nested: int
    with_comma: int
    surely_comma: int
    surely_point: int

    def mostly(self, *names: str) -> bool:
        """Whether nearly all values can be read in one of these ways; the others go to quarantine."""
        return self.values > 0 and max(getattr(self, name) for name in names) >= 0.95 * self.values


def readings_of(table: WholeTable, column: str) -> Readings:
    """Count each way to read the texts of a column."""
    words = ", ".join(f"'{word}'" for word in MISSING_WORDS)
    counts = ", ".join(
        f"coalesce(sum(times) FILTER (regexp_full_match(text, '{pattern}')), 0)" for pattern in PATTERNS.values()
    )
    # Each different text once: columns of few values are the rule.
    texts = f"SELECT trim({quoted(column)}) AS text, count(*) AS times FROM data GROUP BY 1"  # noqa: S608 - quoted
    present = f"FROM ({texts}) WHERE text <> '' AND lower(text)"
    values, *found = table.ask(f"SELECT coalesce(sum(times), 0), {counts} {present} NOT IN ({words})")[0]
    missing = table.ask(f"SELECT text {present} IN ({words}) ORDER BY 1 LIMIT 20")
    named = dict(zip(PATTERNS, map(int, found), strict=True))
    assert {*named} | {"values", "missing_words"} == {field.name for field in fields(Readings)}
    return Readings(int(values), tuple(word for (word,) in missing), **named)
