"""The pages of what was recorded: the ledger, versions, intervals and predictions."""

from __future__ import annotations

import mimetypes

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse

from sluss.control_room.web.request import KnownState, OneSeen, Reader, found, page
from sluss.control_room.web.views import interval, prediction, version

router = APIRouter(default_response_class=HTMLResponse)
_OF_ONE = "/use-cases/{name}"


@router.get(f"{_OF_ONE}/ledger")
def ledger(one: OneSeen, state: KnownState, reader: Reader) -> str:
    """Every change of production, and whether the ledger is as it was written."""
    entries = one.standing.entries[::-1] if one.standing else ()
    return page("ledger.html", state, reader, seen=one, entries=entries)


@router.get(f"{_OF_ONE}/versions/{{number}}")
def one_version(one: OneSeen, number: str, state: KnownState, reader: Reader) -> str:
    """One version: contract, gates, data, code, environment, plots, lineage, and where it was in production."""
    content = found(version.content(state, one, number), f"{one.name} has no version '{number}'.")
    return page("version.html", state, reader, **content)


@router.get(f"{_OF_ONE}/versions/{{number}}/plots/{{picture}}")
def plot(one: OneSeen, number: str, picture: str, state: KnownState, reader: Reader) -> Response:  # noqa: ARG001
    """One plot of a version."""
    content = found(version.plot(state, one, number, picture), f"Version {number} has no plot '{picture}'.")
    return Response(content, media_type=mimetypes.guess_type(picture)[0] or "application/octet-stream")


@router.get(f"{_OF_ONE}/versions/{{number}}/lineage.svg")
def lineage(one: OneSeen, number: str, state: KnownState, reader: Reader) -> Response:  # noqa: ARG001
    """The picture of a version's lineage."""
    drawn = version.lineage(state, one, number)
    # The picture has its style in itself; as a document of its own it may use that, and nothing else.
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return Response(drawn, media_type="image/svg+xml", headers={"Content-Security-Policy": policy})


@router.get(f"{_OF_ONE}/intervals/{{interval_name}}")
def one_interval(one: OneSeen, interval_name: str, state: KnownState, reader: Reader) -> str:
    """One interval: rows, scores, drift, metric and alerts."""
    content = found(interval.content(state, one, interval_name), f"{one.name} has no interval '{interval_name}'.")
    return page("interval.html", state, reader, **content)


@router.get("/predictions")
def one_prediction(
    state: KnownState,
    reader: Reader,
    use_case: str = "",
    row_id: str = Query("", alias="id"),
    interval: str = "",
) -> str:
    """The receipt of a prediction, asked for by the id of its row."""
    return page(
        "prediction.html", state, reader, **prediction.content(state, use_case, row_id.strip(), interval.strip())
    )
