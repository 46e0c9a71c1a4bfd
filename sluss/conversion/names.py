"""Columns by the names that a config gives them."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from sluss.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable


def found_name(name: str, names: Iterable[str], where: str) -> str:
    """The name of a column among others: as it is written, or else the only one that differs in case.

    Raises:
        ConfigError: the column does not exist; the sentence names the nearest one.
    """
    names = list(names)
    if name in names:
        return name
    same = [other for other in names if other.lower() == name.lower()]
    if len(same) == 1:
        return same[0]
    near = difflib.get_close_matches(name, names, 1, 0.6)
    hint = f"; the nearest is '{near[0]}'" if near else f"; it has {', '.join(names[:20])}"
    raise ConfigError(f"{where} has no column '{name}'{hint}. Correct the name in the config.")
