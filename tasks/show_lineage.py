"""Show what made a prediction or a version, and what came of an interval's data or of a version."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sluss.errors import ConfigError
from sluss.lineage.queries import lineage_of
from sluss.reporting.lineage_tree import show
from sluss.step import parser, run_step

if TYPE_CHECKING:
    from sluss.context import Context
    from sluss.lineage.graph import Graph
run = lineage_of


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

    def step(context: Context) -> None:
        graph = run(context, row_id=given.id, interval=given.interval, version=given.version)
        if given.json:
            print(json.dumps(graph.as_json(), indent=2, ensure_ascii=False))
        elif given.svg:
            _draw(graph, given.svg)
        else:
            show(graph)

    run_step(given, step)


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
    main()
