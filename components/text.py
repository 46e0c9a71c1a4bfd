"""Functions that clean texts before a vectorizer takes them apart."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"https?://\S+|www\.\S+")
_MENTION = re.compile(r"[@#](\w+)")
_REPEATED = re.compile(r"(\w)\1{2,}")


def clean(text: str) -> str:
    """Lower case, without addresses on the web, with `@name` and `#topic` as words, and `soooo` as `soo`."""
    lowered = _MENTION.sub(r"\1", _ADDRESS.sub(" ", text.lower()))
    return " ".join(_REPEATED.sub(r"\1\1", lowered).split())
