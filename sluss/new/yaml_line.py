"""Names, values and remarks as they stand on a line of YAML."""

from __future__ import annotations

import json

import yaml

_OWN_NAMES = {
    "id",
    "event_time",
    "arrived_at",
    "label",
    "label_time",
    "interval",
    "superseded_at",
}  # columns of each curated table


def curated(name: str) -> str:
    """A column's name in the curated table, where some names have a meaning of their own."""
    return f"{name}_value" if name in _OWN_NAMES else name


def scalar(value: object) -> str:
    """A value as YAML on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    line = text.removesuffix("\n").removesuffix("...").rstrip()
    # YAML folds a text with a line break; JSON, which is YAML, writes it as a sign.
    return json.dumps(value, ensure_ascii=True) if len(line.splitlines()) > 1 else line


def remark(text: str) -> str:
    """A text as the end of a comment: a line break would end the comment."""
    return " ".join(text.split())
