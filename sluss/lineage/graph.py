"""Lineage as a graph: things with facts, and arrows from what made to what was made."""

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
    """A thing: what it is, its name in words, and what is known of it."""

    kind: NodeKind
    title: str
    facts: dict[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class Edge:
    """`source` made `target`, or had part in it; `says` stands between the two in a sentence."""

    source: str
    says: str
    target: str


@dataclass
class Graph:
    """Nodes by their title. `root` is the one that was asked about."""

    root: Node
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.nodes[self.root.title] = self.root

    def link(self, source: Node, says: str, target: Node) -> None:
        """Add an arrow, and what it joins."""
        self.nodes.setdefault(source.title, source)
        self.nodes.setdefault(target.title, target)
        self.edges.append(Edge(source.title, says, target.title))

    def sources(self, node: Node) -> Iterator[tuple[str, Node]]:
        """What made it, with the words of the arrow."""
        return ((edge.says, self.nodes[edge.source]) for edge in self.edges if edge.target == node.title)

    def targets(self, node: Node) -> Iterator[tuple[str, Node]]:
        """What it made, with the words of the arrow."""
        return ((edge.says, self.nodes[edge.target]) for edge in self.edges if edge.source == node.title)

    def as_json(self) -> dict[str, Any]:
        """Root, nodes and edges as plain values."""
        return {
            "root": self.root.title,
            "nodes": [asdict(node) for node in self.nodes.values()],
            "edges": [asdict(edge) for edge in self.edges],
        }


def short(value: Fact) -> str:
    """A fact as people read it: digests by their first twelve digits, numbers to four places."""
    return f"{value:.4f}" if isinstance(value, float) else _DIGEST.sub(r"\1", str(value))
