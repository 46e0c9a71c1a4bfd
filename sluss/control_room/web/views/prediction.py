"""The content of the page of one prediction: its receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.context import Context
from sluss.errors import SlussError
from sluss.lineage.receipt import explain
from sluss.problems import problem_of

if TYPE_CHECKING:
    from sluss.control_room.known import Known


def content(state: Known, use_case: str, row_id: str, interval: str) -> dict[str, Any]:
    """Return the receipt of a prediction, or the sentence why there is none."""
    names = [seen.name for seen in state.all() if seen.use_case]
    asked = {"names": names, "use_case": use_case, "row_id": row_id, "interval": interval}
    nothing: dict[str, Any] = {"receipt": None, "shown": {}, "error": ""}
    seen = state.get(use_case)
    if not row_id:
        return asked | nothing
    if seen is None or seen.use_case is None:
        named = f"There is no use case '{use_case}'. " if use_case else ""
        return asked | nothing | {"error": f"{named}Choose one of the list."}
    try:
        receipt = explain(Context(state.settings, seen.use_case), row_id, interval or None)
    except SlussError as error:
        return asked | nothing | {"error": str(error)}
    shown = problem_of(seen.use_case).scoring.receipt(receipt.prediction)
    return asked | {"receipt": receipt, "shown": shown, "error": ""}
