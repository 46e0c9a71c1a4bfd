"""The templates, with the names and the formats that all of them use."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sluss.alerting.show import in_words
from sluss.counted import counted
from sluss.problems.metrics import METRICS
from sluss.statistics.figures import feature_in_words

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES, STATIC = (Path(__file__).parent / name for name in ("templates", "static"))


@cache
def templates() -> Environment:
    """The environment of all templates. Values are escaped, also those that a use case's data contain."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    found.filters |= {
        "ago": ago,
        "moment": moment,
        "figure": figure,
        "metric": metric_title,
        "feature": feature_in_words,
    }
    found.filters |= {"spaced": lambda text: str(text).replace("_", " ")}
    found.globals |= {"counted": counted}
    return found


def render(name: str, /, **content: Any) -> str:  # noqa: ANN401 - a template's own values
    """Render a template."""
    return templates().get_template(name).render(**content)


def ago(then: datetime, now: datetime) -> str:
    """How long ago a moment was: `3 d 4 h ago`, `just now`, `in 5 min`."""
    span = now - then
    if abs(span.total_seconds()) < 60:
        return "just now"
    return f"{in_words(span)} ago" if span.total_seconds() > 0 else f"in {in_words(-span)}"


def moment(at: datetime) -> str:
    """A moment to the minute, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def figure(value: float | None, digits: int = 3) -> str:
    """A figure to so many significant digits, or a dash; no digit before the point is left out."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"


def metric_title(name: str) -> str:
    """The title of a metric."""
    return METRICS[name].title if name in METRICS else name
