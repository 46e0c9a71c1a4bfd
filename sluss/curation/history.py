"""Bring in and curate the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.storage.lake import Lake

if TYPE_CHECKING:
    from sluss.config.settings import Settings
    from sluss.config.use_case import UseCase


def load_history(settings: Settings, use_case: UseCase) -> None:
    """Bring in the history unless something was curated already."""
    from sluss.curation import curate
    from sluss.sources import generate

    if Lake(settings, use_case.name).table("curated") is None:
        generate.generate(settings, use_case, use_case.history)
        curate.curate(settings, use_case, use_case.history)
