"""Descriptions on MLflow's pages: a version's gates as a table, and a model's link to the control room.

Only the part after a heading of ours is ever replaced, so a person's own words stay.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sluss.counted import counted
from sluss.errors import ServiceError, printable
from sluss.tracking.client import denied

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlflow.entities.model_registry import ModelVersion

    from sluss.context import Context

_LOG = logging.getLogger(__name__)
_LONGEST = 5_000  # characters that MLflow's databases keep of a description
_GATES, _ROOM = "## Verdicts of the gates", "## Control room"
Row = tuple[str, str, str]  # gate, verdict, sentence


def describe(context: Context, version: ModelVersion, rows: Sequence[Row]) -> None:
    """Write the verdicts of a version's gates to its description, and the control room's address to the model's.

    An account that may not write them loses the descriptions, and nothing else.

    Raises:
        ServiceError: MLflow does not answer.
    """
    client, name, page = context.client, version.name, context.settings.page_of(context.use_case.name)
    known = version.description or ""
    text = _with_part(known, _GATES, lambda room: gates_table(rows, page, room))
    try:
        with context.reachable():
            if text != known:
                client.update_model_version(name, str(version.version), text)
            known = client.get_registered_model(name).description or ""
            text = _with_part(known, _ROOM, lambda _: f"[What is live, since when, why and how good]({page})")
            if text != known:
                client.update_registered_model(name, text)
    except ServiceError as error:
        if not denied(error):
            raise
        _LOG.warning("The descriptions of %s in MLflow are not written: %s", name, error)


def gates_table(rows: Sequence[Row], page: str, room: int = _LONGEST) -> str:
    """Return the verdicts as a table in Markdown, refusals first, with sentences shortened where room is short."""
    ordered = sorted(rows, key=lambda row: row[1] == "passed")
    refused = [gate for gate, verdict, _ in ordered if verdict != "passed"]
    summary = f"**Refused** by {', '.join(refused)}." if refused else f"**Passed** by {counted(len(rows), 'gate')}."
    head = f"{summary} [Control room]({page})\n\n| Gate | Verdict | Figures |\n|---|---|---|"
    longest = max((len(sentence) for *_, sentence in ordered), default=0)
    while True:
        text = "\n".join(
            [head, *(f"| {gate} | {verdict} | {_cell(said, longest)} |" for gate, verdict, said in ordered)]
        )
        if len(text) <= room or longest <= 1:
            return text[:room]
        longest = int(longest * 0.9)


def _with_part(text: str, heading: str, part: Callable[[int], str]) -> str:
    own = text.partition(heading)[0].rstrip()
    start = f"{own}\n\n{heading}\n\n" if own else f"{heading}\n\n"
    return start + part(_LONGEST - len(start)) if len(start) < _LONGEST else text


def _cell(sentence: str, longest: int) -> str:
    """A sentence for a cell: names in it come from data, so it can neither end the cell nor be read as HTML."""
    shown = printable(sentence)
    shown = shown if len(shown) <= longest else f"{shown[: max(longest - 1, 0)]}…"
    for sign, entity in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        ("|", "&#124;"),
        ("[", "&#91;"),
        ("`", "&#96;"),
        ("*", "&#42;"),
    ):
        shown = shown.replace(sign, entity)
    return shown
