"""Text that a person typed, such as a reason: fit for a terminal and a page."""

from __future__ import annotations

import unicodedata

# They turn the order of the characters around, so that a page or terminal shows other words than were written.
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def as_typed(text: str) -> str:
    """Return a text without characters that command a terminal or turn words around; line breaks stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        each for each in text if each in "\n\t" or not (unicodedata.category(each) == "Cc" or each in _TURNS)
    )
