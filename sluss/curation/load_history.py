"""Bring in and curate the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.curation import curate
from sluss.sources import generate

if TYPE_CHECKING:
    from sluss.context import Context


def load_history(context: Context) -> None:
    """Bring in the history unless something was curated already."""

    if context.lake.table("curated") is None:
        generate.generate(context, context.use_case.history)
        curate.curate(context, context.use_case.history)
