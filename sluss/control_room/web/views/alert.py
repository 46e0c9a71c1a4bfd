"""The content of the page of one alert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sluss.control_room.web.views.alerts import rows_of

if TYPE_CHECKING:
    from datetime import datetime

    from sluss.control_room.known import Seen


def content(seen: Seen, alert: str, now: datetime) -> dict[str, Any] | None:
    """Return what the page shows, or None if the use case has no such alert."""
    row = next((row for row in rows_of(seen, now) if row.life.id == alert), None)
    if row is None:
        return None
    return {"seen": seen, "row": row, "evidence": evidence(seen, row.life.type, row.life.interval)}


def evidence(seen: Seen, kind: str, interval: str) -> dict[str, Any]:
    """Return the figures of the alert's newest interval, nested ones by their path."""
    day = next((day for day in reversed(seen.days) if day.interval == interval), None)
    found = next((alert.figures for alert in day.alerts if alert.type == kind), {}) if day else {}
    return dict(_flat(found))


def _flat(value: Any, path: str = "") -> list[tuple[str, Any]]:  # noqa: ANN401 - of JSON
    if isinstance(value, dict):
        return [pair for name, each in value.items() for pair in _flat(each, f"{path} {name}".strip())]
    if isinstance(value, list):
        return [(path, ", ".join(str(each) for each in value))]
    return [(path, f"{value:.4g}" if isinstance(value, float) else value)]
