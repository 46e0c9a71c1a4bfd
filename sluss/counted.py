"""Counts in sentences: a number with its noun in the right form."""

from __future__ import annotations

_ENDS_LIKE_S = ("s", "x", "ch", "sh")
_VOWELS = "aeiou"


def counted(number: float, noun: str, one: str = "", many: str = "") -> str:
    """A number and its noun: `1 row`, `1,200 labelled rows`, `2 entries`.

    Args:
        number: how many; its thousands are separated.
        noun: one of them, with its adjectives: `block of rows` becomes `blocks of rows`.
        one: the verb of a single one, such as `is`; it follows the noun.
        many: the verb of several.
    """
    is_one = number == 1
    verb = one if is_one else many
    shown = f"{number:,}" if isinstance(number, int) else f"{number:,.15g}"
    return f"{shown} {noun if is_one else plural(noun)}{f' {verb}' if verb else ''}"


def plural(noun: str) -> str:
    """A regular noun as several: `rows`, `entries`, `classes`, `blocks of rows`."""
    head, of, which = noun.partition(" of ")
    if of:
        return f"{plural(head)}{of}{which}"
    if noun.endswith("y") and noun[-2:-1] not in _VOWELS:
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(_ENDS_LIKE_S) else f"{noun}s"
