"""A bar chart of one interval's drift, as an SVG file of its own for the monitor's run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.charts.svg import Frame, svg, text
from sluss.statistics.figures import feature_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sluss.statistics.figures import Drift

_ROW, _NAME, _WIDTH = 26, 330, 760
_STYLE = (
    "<style>svg{background:#fff;font:13px system-ui,sans-serif}.end{text-anchor:end}"
    ".calm{fill:#0072b2}.far{fill:#d55e00}.limit{stroke:#555;stroke-dasharray:4 3}</style>"
)


def drift_chart(title: str, drifts: Sequence[Drift], limit: float) -> str:
    """Draw a bar for the distance of each feature, in the given order; a dashed line marks the limit."""
    high = max([limit * 2, *(drift.distance for drift in drifts)])
    scale = (_WIDTH - _NAME - 70) / high
    marks = [_STYLE, text(12, 24, title, "title")]
    for place, drift in enumerate(drifts):
        y = 40 + place * _ROW
        style = "far" if drift.distance >= limit else "calm"
        marks += [
            text(_NAME - 10, y + 14, feature_in_words(drift.feature), "end"),
            f'<rect class="{style}" x="{_NAME}" y="{y}" width="{drift.distance * scale:.1f}" height="18" rx="2"/>',
            text(_NAME + drift.distance * scale + 6, y + 14, f"{drift.distance:.2f}", "value"),
        ]
    x, bottom = _NAME + limit * scale, 44 + len(drifts) * _ROW
    marks.append(f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="34" y2="{bottom}"/>')
    return svg(Frame(1, 0, high, _WIDTH, bottom + 10), title, marks)
