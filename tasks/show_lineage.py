"""Trace a prediction or a version upstream, and a version or an interval's data downstream."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sluss.errors import ConfigError
from sluss.lineage.queries import lineage_of
from sluss.reporting.lineage_tree import show
from sluss.step import main, step_command, version_option

if TYPE_CHECKING:
    from sluss.context import Context
    from sluss.lineage.graph import Graph

run = lineage_of


@step_command()
@click.option("--id", "row_id", help="Id of a row: what made its newest prediction, or the one in --interval.")
@click.option("--interval", help="Start of an interval: what came of its data, for example 2026-01-05.")
@version_option(words="Number of a version: what made it, and what it predicted.")
@click.option("--json", "as_json", is_flag=True, help="Print nodes and edges as JSON.")
@click.option("--svg", type=click.Path(path_type=Path), help="Draw a picture into this file (-: print it).")
def command(context: Context, svg: Path | None, *, as_json: bool, **asked: str | None) -> None:
    """Trace a prediction or a version upstream, or an interval's data downstream."""
    if as_json and svg:
        raise ConfigError("A picture and JSON exclude each other. Give SVG=path or JSON=1 (--svg or --json).")
    if svg:
        _check_path(svg)
    graph = run(context, **asked)
    if as_json:
        print(json.dumps(graph.as_json(), indent=2, ensure_ascii=False))
    elif svg:
        _draw(graph, svg)
    else:
        show(graph)


def _check_path(path: Path) -> None:
    """Check before seconds of work that a picture can be written to a path."""
    fault = "that is a folder" if path.is_dir() else "" if path.parent.is_dir() else "its folder does not exist"
    if fault:
        raise ConfigError(f"The picture cannot be written to {path}: {fault}. Choose another path.")


def _draw(graph: Graph, path: Path) -> None:
    from sluss.reporting.lineage_picture import picture

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
    main(command)
