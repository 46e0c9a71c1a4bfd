"""Small charts as inline SVG: scales, axes and marks. The page's CSS gives the colours."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LINE_HEIGHT = 14.0


@dataclass(frozen=True, slots=True)
class Frame:
    """Maps data to pixels: x in [0, columns), y in [low, high]."""

    columns: int
    low: float
    high: float
    width: int = 760
    height: int = 250
    left: int = 48
    right: int = 14
    top: int = 22
    bottom: int = 34

    def x(self, column: float) -> float:
        """Return the middle of a column in pixels; `column - 0.5` gives its left edge."""
        return self.left + (column + 0.5) * (self.width - self.left - self.right) / max(self.columns, 1)

    def y(self, value: float) -> float:
        """Return the y coordinate of a value in pixels, clipped to the frame."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.height - self.bottom - share * (self.height - self.top - self.bottom)


def svg(frame: Frame, title: str, marks: Iterable[str]) -> str:
    """Return a complete chart. A screen reader reads the title."""
    return (
        f'<svg viewBox="0 0 {frame.width} {frame.height}" role="img" aria-label="{escape(title)}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>{"".join(marks)}</svg>'
    )


def nice(low: float, high: float, ticks: int = 5) -> tuple[float, float, float]:
    """Return round bounds around the values, and a round step between ticks."""
    rough = max(high - low, 1e-9) / ticks
    power = 10.0 ** floor(log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough * 0.999)
    return round(floor(low / step + 1e-9) * step, 9), round(ceil(high / step - 1e-9) * step, 9), step


def y_axis(frame: Frame, step: float, form: str = ".2f") -> str:
    """Draw horizontal grid lines with their values."""
    values = [frame.low + step * i for i in range(round((frame.high - frame.low) / step) + 1)]
    return "".join(
        f'<line class="grid" x1="{frame.left}" x2="{frame.width - frame.right}" y1="{frame.y(v):.1f}" '
        f'y2="{frame.y(v):.1f}"/>' + text(frame.left - 7, frame.y(v) + 4, format(v, form), "tick end")
        for v in values
    )


def x_axis(frame: Frame, labels: Sequence[str], room: int = 46) -> str:
    """Draw the names of the columns, as many as fit."""
    every = max(1, -(-len(labels) * room // (frame.width - frame.left - frame.right)))
    base = frame.height - frame.bottom + 18
    return "".join(text(frame.x(i), base, label, "tick middle") for i, label in enumerate(labels) if i % every == 0)


def line(frame: Frame, values: Sequence[float | None], style: str) -> str:
    """Draw a line with dots through the known values; a missing value leaves a gap."""
    path, pen = "", "M"
    dots = ""
    for column, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        path += f"{pen}{frame.x(column):.1f},{frame.y(value):.1f}"
        dots += f'<circle class="dot {style}" cx="{frame.x(column):.1f}" cy="{frame.y(value):.1f}" r="3"/>'
        pen = "L"
    return f'<path class="line {style}" d="{path}"/>{dots}' if path else ""


def rings(frame: Frame, values: Sequence[float | None], style: str) -> str:
    """Draw a ring at each known value."""
    return "".join(
        f'<circle class="ring {style}" cx="{frame.x(column):.1f}" cy="{frame.y(value):.1f}" r="3.5"/>'
        for column, value in enumerate(values)
        if value is not None
    )


def whiskers(frame: Frame, spans: Sequence[tuple[float, float] | None], style: str) -> str:
    """Draw a pale vertical bar from low to high in each column."""
    half = min(9.0, (frame.x(1) - frame.x(0)) * 0.28)
    return "".join(
        f'<rect class="band {style}" x="{frame.x(column) - half:.1f}" width="{2 * half:.1f}" rx="3" '
        f'y="{frame.y(span[1]):.1f}" height="{frame.y(span[0]) - frame.y(span[1]):.1f}"/>'
        for column, span in enumerate(spans)
        if span is not None
    )


def rules(frame: Frame, lines: Iterable[tuple[float, str, str]]) -> str:
    """Draw dashed horizontal lines, each a value, a name and a style; names in the right margin do not overlap."""
    right, drawn, last = frame.width - frame.right, "", -_LINE_HEIGHT
    for value, label, style in sorted(lines, reverse=True):
        y = frame.y(value)
        last = max(y, last + _LINE_HEIGHT)
        drawn += f'<line class="rule {style}" x1="{frame.left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        drawn += text(right + 6, last + 4, label, f"note {style}")
    return drawn


def turn(frame: Frame, column: int, label: str) -> str:
    """Draw a vertical line before a column, with a label at its foot: it marks a change."""
    x, foot = frame.x(column - 0.5), frame.height - frame.bottom
    return f'<line class="turn" x1="{x:.1f}" x2="{x:.1f}" y1="{frame.top}" y2="{foot}"/>' + text(
        x + 5, foot - 7, label, "note turn"
    )


def shade(frame: Frame, span: tuple[float, float], style: str, label: str = "") -> str:
    """Draw a coloured background behind the columns first … last, with a label at its top."""
    start, stop = frame.x(span[0] - 0.5), frame.x(span[1] + 0.5)
    bottom = frame.height - frame.bottom
    return (
        f'<rect class="shade {style}" x="{start:.1f}" width="{stop - start:.1f}" y="{frame.top - 16}" '
        f'height="{bottom - frame.top + 16}"/>' + text(start + 6, frame.top - 3, label, "note")
    )


def bar(frame: Frame, place: tuple[float, float], value: float, style: str) -> str:
    """Draw a bar from the bottom of the frame to a value; `place` has its left and right edge in columns."""
    left, right = frame.x(place[0] - 0.5), frame.x(place[1] - 0.5)
    y = frame.y(value)
    height = frame.height - frame.bottom - y
    return f'<rect class="bar {style}" x="{left:.1f}" width="{right - left:.1f}" y="{y:.1f}" height="{height:.1f}"/>'


def steps(frame: Frame, values: Sequence[float], style: str) -> str:
    """Draw the outline of a histogram."""
    path = f"M{frame.x(-0.5):.1f},{frame.y(0):.1f}" + "".join(
        f"L{frame.x(i - 0.5):.1f},{frame.y(v):.1f}L{frame.x(i + 0.5):.1f},{frame.y(v):.1f}"
        for i, v in enumerate(values)
    )
    return f'<path class="line {style}" d="{path}L{frame.x(len(values) - 0.5):.1f},{frame.y(0):.1f}"/>'


def track(frame: Frame, y: float) -> str:
    """Draw a horizontal grid line at `y` pixels."""
    return f'<line class="grid" x1="{frame.left}" x2="{frame.width - frame.right}" y1="{y:.1f}" y2="{y:.1f}"/>'


def pill(frame: Frame, span: tuple[float, float], y: float, kind: tuple[str, str]) -> str:
    """Draw a rounded bar over the columns first … last; `kind` is its style and its label."""
    start, stop = frame.x(span[0] - 0.42), frame.x(span[1] + 0.42)
    return (
        f'<rect class="pill {kind[0]}" x="{start:.1f}" width="{stop - start:.1f}" y="{y - 11:.1f}" height="22" rx="6"/>'
        + (text(start + 9, y + 4, kind[1], "on") if stop - start > 8 * len(kind[1]) else "")
    )


def text(x: float, y: float, content: str, style: str) -> str:
    """Draw a label, or nothing for an empty text."""
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{escape(content)}</text>' if content else ""
