"""Limits on the content of requests, where the route alone does not decide."""

from __future__ import annotations

import json
from typing import Any

LARGEST = 1_000_000  # bytes of a body that is looked at
# The only keys with which an experiment may be created, so that no spelling of the place of its artifacts gets through.
_OF_AN_EXPERIMENT = {"name", "tags"}


def has_default_location(body: bytes) -> bool:
    """Whether a body creates an experiment whose artifacts lie where the server puts them.

    The server writes with a key of its own, so an experiment at another place would lead into others' artifacts, or to
    the server's disk.
    """
    try:
        asked = json.loads(body, object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        return False
    if not isinstance(asked, dict):
        return False
    return not (asked.pop("artifact_location", None) or asked.keys() - _OF_AN_EXPERIMENT)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found
