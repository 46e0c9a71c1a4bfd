"""The report: the control room's page of one use case as a file that needs nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluss.control_room.known import Seen, read_once
from sluss.control_room.web import links
from sluss.control_room.web.site import STATIC, render
from sluss.control_room.web.views import use_case
from sluss.errors import ConfigError, ServiceError
from sluss.registry import ledger
from sluss.reporting.facts import nothing_monitored

if TYPE_CHECKING:
    from pathlib import Path

    from sluss.context import Context


def write_report(context: Context) -> Path:
    """Write `<home>/report/<use case>.html`, and return its path.

    Raises:
        ConfigError: the file cannot be written.
        DataError: no interval was monitored yet.
        ServiceError: the lake or MLflow does not answer.
    """
    name, settings = context.use_case.name, context.settings
    page = render_report(context, read_once(context))
    path = settings.home / "report" / f"{name}.html"
    # Replaced in one step, so that a browser never loads half a page.
    scratch = path.with_suffix(".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(page, encoding="utf-8")
        scratch.replace(path)
    except OSError as error:
        raise ConfigError(
            f"The report cannot be written to {path}: {error.strerror}. "
            "Make room for it there, or let this user write to that folder."
        ) from None
    return path


def render_report(context: Context, seen: Seen) -> str:
    """Render the page of a state that was read whole.

    Raises:
        DataError: no interval was monitored yet.
        ServiceError: the lake or MLflow did not answer when it was read.
    """
    now = datetime.now(UTC)
    if error := seen.lake_error or seen.mlflow_error:
        raise ServiceError(error)
    if not seen.days:
        raise nothing_monitored(context.use_case, ledger.in_production(seen.standing.entries if seen.standing else ()))
    settings = context.settings
    shared = {"place": settings.place, "now": now, "links": links.of(settings), "person": None}
    style = (STATIC / "style.css").read_text(encoding="utf-8")
    content = use_case.content(seen, use_case.SPANS[1], now, scheduled=settings.is_scheduled)
    return render("use_case.html", **shared | content | {"style": style})
