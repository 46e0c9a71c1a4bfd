"""Whether the service lives: for the container's health check, without a login."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

router = APIRouter(default_response_class=PlainTextResponse)


@router.get("/health")
async def health() -> str:
    """Answer, and nothing more."""
    return "ok\n"
