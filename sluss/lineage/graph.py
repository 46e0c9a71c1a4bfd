"""Lineage as a graph: nodes with facts, and edges from upstream to downstream."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

NodeKind = Literal["data", "row", "code", "environment", "run", "gates", "deployment", "version", "predictions"]
Fact = str | int | float

_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{28,}\b")  # a commit or a SHA-256, not the id of a run


@dataclass(frozen=True)
class Node:
    """An artifact of the lineage: its kind, its name in words, and its facts."""

    kind: NodeKind
    title: str
    facts: dict[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class Edge:
    """`source` is upstream of `target`; `verb` is the verb between their names, e.g. "was input of"."""

    source: str
    verb: str
    target: str


@dataclass
class Graph:
    """Nodes by title. `root` is the subject of the query."""

    root: Node
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.nodes[self.root.title] = self.root

    def link(self, source: Node, verb: str, target: Node) -> None:
        """Add an edge and its two nodes."""
        self.nodes.setdefault(source.title, source)
        self.nodes.setdefault(target.title, target)
        self.edges.append(Edge(source.title, verb, target.title))

    def sources(self, node: Node) -> Iterator[tuple[str, Node]]:
        """Return the nodes directly upstream, each after its edge's verb."""
        return ((edge.verb, self.nodes[edge.source]) for edge in self.edges if edge.target == node.title)

    def targets(self, node: Node) -> Iterator[tuple[str, Node]]:
        """Return the nodes directly downstream, each after its edge's verb."""
        return ((edge.verb, self.nodes[edge.target]) for edge in self.edges if edge.source == node.title)

    def as_json(self) -> dict[str, Any]:
        """Return root, nodes and edges as plain values."""
        return {
            "root": self.root.title,
            "nodes": [asdict(node) for node in self.nodes.values()],
            "edges": [asdict(edge) for edge in self.edges],
        }


def short(value: Fact) -> str:
    """Return a fact for display: digests by their first twelve digits, numbers with four decimals."""
    return f"{value:.4f}" if isinstance(value, float) else _DIGEST.sub(r"\1", str(value))
