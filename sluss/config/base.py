"""The base of every section of a use case's config."""

from __future__ import annotations

from pydantic import (
    BaseModel,
    ConfigDict,
)


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
