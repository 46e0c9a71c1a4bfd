"""Names of parameters and metrics that MLflow takes, from names as people give them to columns and values."""

from __future__ import annotations

import re
from hashlib import sha256

_REFUSED = re.compile(r"[^\w.\- ]+")  # MLflow takes slashes and colons too, but as parts of a path
_LONGEST = 250
_DIGITS = 6


def safe_name(name: str) -> str:
    """Return a name unchanged if MLflow takes it, else one that it takes: `price (€)` becomes `price _-8c1f04`.

    The end is a digest of the name, so that two names stay two, in every run and without knowing the others.
    """
    cleaned = _REFUSED.sub("_", name).strip(" ")
    if cleaned == name and name and not name.startswith("..") and name != "." and len(name) <= _LONGEST:
        return name
    digest = sha256(name.encode()).hexdigest()[:_DIGITS]
    return f"{cleaned.lstrip('.')[: _LONGEST - _DIGITS - 1]}-{digest}"
