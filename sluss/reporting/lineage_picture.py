"""Lineage as one SVG file: boxes from left to right, upstream before downstream."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape

from sluss.charts.svg import text
from sluss.lineage.graph import Fact, Graph, Node, short

_WIDTH, _GAP, _BETWEEN, _MARGIN = 340, 150, 22, 28  # of a box; between columns; between boxes; around all
_LINE, _PAD, _VALUES = 17, 14, 132  # height of a line; inside a box; where values begin
_NAME_CHARACTERS, _VALUE_CHARACTERS, _TITLE_CHARACTERS = 18, 30, 42  # that fit on a line

_STYLE = """
svg { --paper: #f7f7f5; --card: #fff; --ink: #1d2329; --soft: #5d6770; --faint: #d5d9dc; background: var(--paper);
  font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color-scheme: light dark;
  --data: #0072b2; --code: #5d6770; --judge: #8a6d00; --model: #007f5f; --out: #d55e00; }
@media (prefers-color-scheme: dark) { svg { --paper: #14181c; --card: #1c2227; --ink: #e8ebed; --soft: #a0abb4;
  --faint: #3b444c; --data: #56b4e9; --code: #a0abb4; --judge: #f0e442; --model: #2ec79a; --out: #ff9147; } }
.box { fill: var(--card); stroke: var(--faint); } .root { stroke: var(--ink); stroke-width: 1.6; }
.title { fill: var(--ink); font-weight: 600; font-size: 13px; } .fact { fill: var(--ink); }
.name, .says { fill: var(--soft); } .says { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
.arrow { fill: none; stroke: var(--soft); stroke-width: 1.4; } .head { fill: var(--soft); }
.data, .row { fill: var(--data); } .code, .environment { fill: var(--code); }
.gates, .deployment { fill: var(--judge); } .run, .version { fill: var(--model); } .predictions { fill: var(--out); }
"""


@dataclass(frozen=True)
class _Box:
    """A node with its position; x and y are the upper left corner in pixels."""

    node: Node
    title: list[str]
    facts: list[tuple[list[str], list[str]]]
    x: float = 0
    y: float = 0

    @property
    def height(self) -> int:
        """Height in pixels, from its number of lines."""
        lines = len(self.title) + sum(max(len(name), len(value)) for name, value in self.facts)
        return lines * _LINE + 2 * _PAD + 3

    @property
    def middle(self) -> float:
        """The y coordinate at which arrows begin and end."""
        return self.y + self.height / 2


def picture(graph: Graph) -> str:
    """Return the graph as an SVG document with light and dark colours."""
    boxes = _placed(graph)
    width = max(box.x for box in boxes.values()) + _WIDTH + _MARGIN
    height = max(box.y + box.height for box in boxes.values()) + _MARGIN
    title = escape(_printable(graph.root.title))
    joined = [(boxes[edge.source], boxes[edge.target], edge.verb) for edge in graph.edges]
    arrows = "".join(_arrow(source, target) for source, target, _ in joined)
    words = "".join(text(source.x + _WIDTH + 8, source.middle - 8, verb, "says") for source, _, verb in joined)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" aria-label="Lineage of {title}"><title>Lineage of {title}</title>'
        f'<style>{_STYLE}</style><defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path class="head" d="M0,0L8,4L0,8z"/></marker></defs>'
        f"{arrows}{words}{''.join(_drawn(box, graph.root) for box in boxes.values())}</svg>\n"
    )


def _placed(graph: Graph) -> dict[str, _Box]:
    """Return the boxes by title: the most downstream in the rightmost column, each column centred."""
    columns: dict[int, list[_Box]] = {}
    for node in graph.nodes.values():
        columns.setdefault(_steps_to_end(graph, node), []).append(_box(node))
    heights = {step: sum(box.height + _BETWEEN for box in column) - _BETWEEN for step, column in columns.items()}
    placed = {}
    for step, column in columns.items():
        y = _MARGIN + (max(heights.values()) - heights[step]) / 2
        for box in column:
            x = _MARGIN + (max(columns) - step) * (_WIDTH + _GAP)
            placed[box.node.title] = _Box(box.node, box.title, box.facts, x, y)
            y += box.height + _BETWEEN
    return placed


def _steps_to_end(graph: Graph, node: Node) -> int:
    return max((1 + _steps_to_end(graph, target) for _, target in graph.targets(node)), default=0)


def _box(node: Node) -> _Box:
    facts = [
        (_wrapped(name, _NAME_CHARACTERS), _wrapped(_shown(value), _VALUE_CHARACTERS))
        for name, value in node.facts.items()
    ]
    return _Box(node, _wrapped(node.title, _TITLE_CHARACTERS), facts)


def _shown(value: Fact) -> str:
    """Shorten the sentence of a gate that passed to `passed`."""
    return "passed" if str(value).startswith("passed: ") else short(value)


def _wrapped(content: str, characters: int) -> list[str]:
    return textwrap.wrap(_printable(content), characters) or [""]


def _printable(content: str) -> str:
    """Replace characters that XML forbids, which an id may contain."""
    return "".join(character if character.isprintable() else " " for character in content)


def _drawn(box: _Box, root: Node) -> str:
    style = "box root" if box.node is root else "box"
    parts = [
        f'<rect class="{style}" x="{box.x:.1f}" y="{box.y:.1f}" width="{_WIDTH}" height="{box.height}" rx="8"/>',
        f'<rect class="{box.node.kind}" x="{box.x:.1f}" y="{box.y + 8:.1f}" width="4" height="{box.height - 16}"/>',
    ]
    y = box.y + _PAD + _LINE - 5
    for line in box.title:
        parts.append(text(box.x + _PAD, y, line, "title"))
        y += _LINE
    y += 3
    for name, value in box.facts:
        parts += [text(box.x + _PAD, y + i * _LINE, line, "name") for i, line in enumerate(name)]
        parts += [text(box.x + _VALUES, y + i * _LINE, line, "fact") for i, line in enumerate(value)]
        y += max(len(name), len(value)) * _LINE
    return "".join(parts)


def _arrow(source: _Box, target: _Box) -> str:
    x, end = source.x + _WIDTH, target.x
    bend = min(_GAP, end - x) * 0.5
    path = f"M{x:.1f},{source.middle:.1f}C{x + bend:.1f},{source.middle:.1f} {end - bend:.1f},{target.middle:.1f}"
    return f'<path class="arrow" marker-end="url(#head)" d="{path} {end:.1f},{target.middle:.1f}"/>'
