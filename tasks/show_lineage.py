"""Show what made a prediction or a version, and what came of an interval's data or of a version."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.shared.cli import parser, run_step
from tasks.shared.errors import ConfigError
from tasks.shared.settings import Settings
from tasks.shared.use_case import UseCase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType
    from rich.tree import Tree

    from tasks.hub.graph import Graph, Node


def run(
    settings: Settings,
    use_case: UseCase,
    *,
    row_id: str | None = None,
    interval: str | None = None,
    version: str | None = None,
) -> "Graph":
    """The lineage of a row's prediction (its newest, or the interval's), of a version, or of an interval's data.

    Raises:
        ConfigError: nothing is asked about, or a version beside something else.
        DataError: the row was never scored, or the interval has no rows.
        ModelError: there is no such version.
        ServiceError: the lake or MLflow does not answer.
    """
    from tasks.hub import lineage

    if version and not row_id and not interval:
        return lineage.of_version(settings, use_case, version)
    if row_id and not version:
        return lineage.of_prediction(settings, use_case, row_id, interval)
    if interval and not version:
        return lineage.of_interval(settings, use_case, interval)
    raise ConfigError(
        "Say whose lineage to show: that of a prediction (make lineage ID=movies-12), of an interval's data "
        "(make lineage INTERVAL=2026-01-05) or of a version (make lineage VERSION=1)."
    )


def show(graph: "Graph") -> None:
    """Print what made the root as one tree, and what came of it as another."""
    from rich.console import Console

    console = Console(highlight=False)
    makers, offspring = any(graph.sources(graph.root)), any(graph.targets(graph.root))
    if makers or not offspring:
        console.print(_tree(graph.root, graph.sources, "{title} [dim]{says} it[/dim]"))
    if offspring:
        console.print(_tree(graph.root, graph.targets, "[dim]{says}[/dim] {title}"))


def _tree(
    root: "Node", relatives: "Callable[[Node], Iterator[tuple[str, Node]]]", form: str, says: str | None = None
) -> "Tree":
    from rich.markup import escape
    from rich.tree import Tree

    title = f"[bold]{escape(root.title)}[/bold]"
    tree = Tree(_with_facts(title if says is None else form.format(title=title, says=says), root))
    for words, relative in relatives(root):
        tree.add(_tree(relative, relatives, form, words))
    return tree


def _with_facts(title: str, node: "Node") -> "RenderableType":
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Table

    from tasks.hub.graph import short

    facts = Table.grid(padding=(0, 2))
    for name, value in node.facts.items():
        facts.add_row(f"[dim]{escape(name)}[/dim]", escape(short(value)))
    return Group(title, facts)


def main() -> None:
    """Parse, find and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--id", help="id of a row: what made its newest prediction, or the one in --interval")
    arguments.add_argument("--interval", help="start of an interval: what came of its data, e.g. 2026-01-05")
    arguments.add_argument("--version", help="number of a version: what made it, and what it predicted")
    form = arguments.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print nodes and edges as JSON")
    form.add_argument("--svg", type=Path, metavar="PATH", help="draw a picture into this file (-: print it)")
    given = arguments.parse_args()

    def step(settings: Settings, use_case: UseCase) -> None:
        graph = run(settings, use_case, row_id=given.id, interval=given.interval, version=given.version)
        if given.json:
            print(json.dumps(graph.as_json(), indent=2, ensure_ascii=False))
        elif given.svg:
            _draw(graph, given.svg)
        else:
            show(graph)

    run_step(given, step)


def _draw(graph: "Graph", path: Path) -> None:
    from tasks.reporting.lineage_picture import picture

    drawn = picture(graph)
    if path == Path("-"):
        sys.stdout.write(drawn)
        return
    try:
        path.write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"The picture cannot be written to {path}: {error.strerror}. Choose another path.") from None
    print(path)


if __name__ == "__main__":
    main()
