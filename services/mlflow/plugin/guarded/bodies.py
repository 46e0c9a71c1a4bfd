"""Limits on the content of requests, where the route alone does not decide."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST = 1_000_000  # bytes of a body that is looked at
# The only keys with which an experiment may be created, so that no spelling of the place of its artifacts gets through.
_OF_AN_EXPERIMENT = {"name", "tags"}
# Requests that carry a file, or whose path names one.
_FILES = {
    "PUT 2.0/mlflow-artifacts/artifacts/*",
    "DELETE 2.0/mlflow-artifacts/artifacts/*",
    "POST 2.0/mlflow/upload-artifact",
}
_JSON = b"application/json"
_OF_A_RUN = {"run_id", "run_uuid"}


def means_one_thing(route: str, query: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether MLflow's check of rights and its answer read the same names in a request.

    The check reads some names elsewhere: those of a run in `run_id`, where the answer takes `run_uuid`, and those of a
    DELETE in the address unless its body is declared as JSON, where the answer takes the body in any case.
    """
    asked = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    # MLflow's own client gives a run by both names, with one value.
    if len({value for name, value in asked if name in _OF_A_RUN}) > 1:
        return False
    if route.startswith("GET ") or route in _FILES:
        return True
    kinds = [value for name, value in headers if name == b"content-type"]
    is_json = [kind.partition(b";")[0].strip().lower() for kind in kinds] == [_JSON]
    return is_json or not _has_body(headers)


def _has_body(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers)


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
