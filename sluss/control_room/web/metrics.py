"""For machines: metrics behind a token of their own; readiness, which needs no login and tells nothing of models."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from sluss.control_room.metrics import exposition, stores
from sluss.use_cases import use_case_names

if TYPE_CHECKING:
    from sluss.config.settings import Settings
    from sluss.control_room.known import Known

router = APIRouter()


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """The state of all use cases, for Prometheus."""
    state: Known = request.app.state.known
    if refusal := _refusal(state.settings, request.headers.get("Authorization", "")):
        return refusal
    scheduled = state.settings.is_scheduled
    content = exposition(state.all(), datetime.now(UTC), scheduled=scheduled, backups=state.backups)
    return Response(content, media_type=CONTENT_TYPE_LATEST)


@router.get("/ready")
def ready(request: Request) -> JSONResponse:
    """Whether there is a state to show, and which store did not answer the newest request.

    A store that is down later leaves the last known state, so the page stays ready.
    """
    state: Known = request.app.state.known
    seen = {each.name: each for each in state.all()}
    names = use_case_names(state.settings.config_dir)
    is_read = all(name in seen and (seen[name].standing or seen[name].broken) for name in names)
    answered = {store: "up" if up else "down" for store, up in stores(list(seen.values())).items()}
    return JSONResponse({"ready": is_read, **answered}, 200 if is_read else 503)


def _refusal(settings: Settings, given: str) -> Response | None:
    """Return the answer to a request whose token is missing or wrong.

    Without a token in the settings, only the embedded mode answers: the page is then for this machine's user.
    """
    if settings.metrics_token is None:
        if not settings.is_scheduled:
            return None
        return PlainTextResponse("The metrics have no token yet: set SLUSS_METRICS_TOKEN; make up writes one.\n", 503)
    wanted = f"Bearer {settings.metrics_token.get_secret_value()}"
    if secrets.compare_digest(given.encode(), wanted.encode()):
        return None
    sentence = "The metrics need the token of SLUSS_METRICS_TOKEN: Authorization: Bearer …\n"
    return PlainTextResponse(sentence, 401, {"WWW-Authenticate": "Bearer"})
