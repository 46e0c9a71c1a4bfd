"""Lineage as a tree on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluss.lineage.graph import short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType
    from rich.tree import Tree

    from sluss.lineage.graph import Graph, Node


def show(graph: Graph) -> None:
    """Print the upstream of the root as one tree, and its downstream as another."""
    from rich.console import Console

    console = Console(highlight=False)
    has_upstream, has_downstream = any(graph.sources(graph.root)), any(graph.targets(graph.root))
    if has_upstream or not has_downstream:
        console.print(_tree(graph.root, graph.sources, "{title} [dim]{verb} it[/dim]"))
    if has_downstream:
        console.print(_tree(graph.root, graph.targets, "[dim]{verb}[/dim] {title}"))


def _tree(
    root: Node, relatives: Callable[[Node], Iterator[tuple[str, Node]]], form: str, verb: str | None = None
) -> Tree:
    from rich.markup import escape
    from rich.tree import Tree

    title = f"[bold]{escape(root.title)}[/bold]"
    tree = Tree(_with_facts(title if verb is None else form.format(title=title, verb=verb), root))
    for words, relative in relatives(root):
        tree.add(_tree(relative, relatives, form, words))
    return tree


def _with_facts(title: str, node: Node) -> RenderableType:
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Table

    facts = Table.grid(padding=(0, 2))
    for name, value in node.facts.items():
        facts.add_row(f"[dim]{escape(name)}[/dim]", escape(short(value)))
    return Group(title, facts)
